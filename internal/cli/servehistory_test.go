package cli_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// TestServeHistory: with the store down, and again with it full, DNS goes on while
// more comes in than can wait for it; when it is back, it tells of the gap, to
// whoever asks about a name of that time.
func TestServeHistory(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	h := newHostile(t)
	own := h.queue("own")
	store := filepath.Join(h.dir, "kept", "history.db")
	var main string
	for q := range h.estate().Queues.All() {
		if strings.HasSuffix(q.Name, "-events") {
			main = q.ARN
		}
	}
	serve := h.serve("--listen", "127.0.0.1:0", "--queue", main, "--queue", own, "--store", store) // its folder is not there
	h.ready(serve)

	// wait waits for the metrics of the history.
	wait := func(what string, is func(lost, queued float64) bool) (lost float64) {
		t.Helper()
		for end := time.Now().Add(2 * patience); ; time.Sleep(100 * time.Millisecond) {
			m := h.metrics(serve)
			lost, queued := m["orgdns_history_lost"], m["orgdns_history_queued"]
			if is(lost, queued) {
				return lost
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %g entries are lost, %g wait", what, lost, queued)
			}
		}
	}
	// flood sends more messages that say nothing than the history can hold back: two
	// entries each.
	flood := func() {
		t.Helper()
		for range 520 {
			in := &sqs.SendMessageBatchInput{QueueUrl: &own}
			for i := range 10 {
				in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(
					`{"id":"e","source":"aws.tag","detail-type":"Tag Change on Resource","account":"444444444444","region":"eu-west-1","time":"2026-11-30T12:00:00Z","detail":{"service":"ec2"}}`)})
			}
			if _, err := h.queues(hostileHub).SendMessageBatch(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
	}
	lost := 0.0
	for _, fault := range []struct {
		name      string
		fail, end func() error
	}{
		{"down", func() error { return nil }, func() error { return os.Mkdir(filepath.Dir(store), 0o700) }},
		{"full", func() error {
			return inStore(store, `CREATE TRIGGER full BEFORE INSERT ON orgdns_history BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
		}, func() error { return inStore(store, `DROP TRIGGER full`) }},
	} {
		if err := fault.fail(); err != nil {
			t.Fatal(err)
		}
		flood()
		before := lost
		wait(fault.name, func(n, queued float64) bool { return n > before })
		name := fault.name + ".svc.corp.internal"
		h.service(hostileShop, name)
		if err := become(h.url, hostileVPC, name, "A", regexp.MustCompile(`^NOERROR 169\.254\.171\.\d+$`)); err != nil {
			t.Errorf("with the store %s: %v", fault.name, err)
		}
		if err := fault.end(); err != nil {
			t.Fatal(err)
		}
		lost = wait(fault.name+" no longer", func(_, queued float64) bool { return queued == 0 })
		for _, args := range [][]string{{"--kind", "gap"}, {name}} {
			if out := h.output(append([]string{"history", "--store", store}, args...)...); !regexp.MustCompile(`(?m)^\S+  gap +.*\d+ entr`).MatchString(out) {
				t.Errorf("after the store was %s, `orgdns history %s` tells of no gap:\n%s", fault.name, strings.Join(args, " "), out)
			}
		}
	}
	h.stop(serve)
	if out := h.output("plan"); !strings.Contains(out, "Nothing to do") {
		t.Errorf("a plan after all of it:\n%s", out)
	}
	if raw, err := os.ReadFile(serve.log); err != nil || !strings.Contains(string(raw), "traces or history were lost") {
		t.Errorf("the log does not say that history was lost: %v", err)
	}
}

// inStore changes a history behind its back.
func inStore(file, statement string) error {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}
