CREATE TABLE orgdns_history_version (version BIGINT NOT NULL PRIMARY KEY);
INSERT INTO orgdns_history_version VALUES (1);
CREATE TABLE orgdns_history (
	seq SERIAL,
	id TEXT NOT NULL UNIQUE,
	at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	action TEXT NOT NULL,
	outcome TEXT NOT NULL,
	subject TEXT NOT NULL,
	name TEXT NOT NULL,
	name_key BYTEA,
	zone TEXT NOT NULL,
	account TEXT NOT NULL,
	region TEXT NOT NULL,
	resource TEXT NOT NULL,
	address TEXT NOT NULL,
	value_before TEXT NOT NULL,
	value_after TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	event TEXT NOT NULL,
	reason TEXT NOT NULL,
	replica TEXT NOT NULL,
	run TEXT NOT NULL
);
CREATE INDEX orgdns_history_at ON orgdns_history (at, seq);
CREATE INDEX orgdns_history_name ON orgdns_history (name_key, at, seq);
INSERT INTO orgdns_history (id, at, kind, action, outcome, subject, name, name_key, zone, account, region, resource, address, value_before, value_after, asked_by, event, reason, replica, run)
	VALUES ('old-1', 1764514800000001, 'change', 'create', 'done', 'www.example.com A', 'www.example.com', $1, 'example.com', '111111111111', '', 'Z1', 'a/b', '', '192.0.2.1 (TTL 300)', 'arn:aws:iam::000000000001:user/admin', '', '', 'a', 'r1');
