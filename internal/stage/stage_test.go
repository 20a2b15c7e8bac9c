package stage_test

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/stage"
)

const text = `owner: acme
defaults: { role: orgdns%s }
accounts:
  dns: { id: "111111111111" }
  api: { id: "333333333333" }
delegations:
  - { domain: api.example.com, parent: dns, child: api }
`

func load(t *testing.T, yaml string) *config.Config {
	t.Helper()
	cfg, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(yaml)}}, "orgdns.yaml")
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	return cfg
}

// TestPartitions: in each partition a rehearsal reaches the accounts through
// roles of that partition, whether the Region of the configuration or who runs it
// tells which that is.
func TestPartitions(t *testing.T) {
	tests := []struct{ region, caller string }{
		{", region: eu-west-1", "aws"}, {"", "aws"},
		{", region: cn-north-1", "aws-cn"}, {"", "aws-cn"},
		{", region: us-gov-east-1", "aws-us-gov"}, {"", "aws-us-gov"},
	}
	for _, tt := range tests {
		t.Run(tt.caller+tt.region, func(t *testing.T) {
			cfg := load(t, fmt.Sprintf(text, tt.region))
			access, err := stage.Accesses(cfg, func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatal(err)
			}
			var e estate.Estate
			e.Caller = estate.Caller{Account: "000000000001", ARN: "arn:" + tt.caller + ":iam::000000000001:user/somebody"}
			e.Accounts.Put(estate.Account{ID: "000000000001", Status: estate.AccountActive})
			e.Roles.Put(estate.Role{
				ARN: "arn:" + tt.caller + ":iam::333333333333:role/orgdns", ID: "AROA", Account: "333333333333", Path: "/", Name: "orgdns", MaxSession: 3600,
				Trust:  `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + e.Caller.ARN + `"},"Action":"sts:AssumeRole"}}`,
				Inline: map[string]string{"read": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"route53:ListResourceRecordSets","Resource":"arn:` + tt.caller + `:route53:::hostedzone/ZAPI"}}`},
			})
			e.Zones.Put(estate.Zone{ID: "ZAPI", Account: "333333333333", Name: dnsname.MustParse("api.example.com")})
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryRole, Account: "333333333333", ID: "orgdns"}})
			records := estate.Query{Kind: estate.QueryRecords, Account: "333333333333", ID: "ZAPI"}
			zones := estate.Query{Kind: estate.QueryZones, Account: "111111111111"}
			e.Answers.Put(estate.Answer{Query: zones})
			s, err := stage.New(cfg, e, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), access)
			if err != nil {
				t.Fatal(err)
			}
			leave := s.Clock.Enter()
			defer leave()
			for _, q := range []estate.Query{zones, records} {
				if _, err := s.Reader.Read(t.Context(), q); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
