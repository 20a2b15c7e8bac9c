package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	shop    = "444444444444"
	service = "arn:aws:vpc-lattice:eu-west-1:444444444444:service/svc-0a1b2c3d4e5f60718"
)

// body is an event as EventBridge delivers it.
func body(source, detailType, account, region, detail string, resources ...string) string {
	list, err := json.Marshal(append([]string{}, resources...))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"version":"0","id":"bddcf1d6-0251-35a1-aab0-adc1fb47c11c","detail-type":%q,"source":%q,"account":%q,"time":"2026-01-02T03:04:05Z","region":%q,"resources":%s,"detail":%s}`,
		detailType, source, account, region, list, detail)
}

// tagged is a tag event of a service.
func tagged(account, arn, tags string) string {
	return body("aws.tag", "Tag Change on Resource", account, "eu-west-1",
		`{"changed-tag-keys":["NewService"],"service":"vpc-lattice","resource-type":"service","version":2,"tags":`+tags+`}`, arn)
}

// called is an API call of CloudTrail.
func called(account, detail string) string {
	return body("aws.vpc-lattice", "AWS API Call via CloudTrail", account, "eu-west-1", detail)
}

func TestDecode(t *testing.T) {
	const anna = "arn:aws:sts::444444444444:assumed-role/dev/anna"
	const other = "arn:aws:vpc-lattice:eu-west-1:555555555555:service/svc-0a1b2c3d4e5f60718"
	trail := func(rest string) string {
		return called(shop, `{"userIdentity":{"type":"AssumedRole","arn":"`+anna+`"},"eventSource":"vpc-lattice.amazonaws.com",`+rest+`}`)
	}
	guided := func(detailType, detail string) string {
		return body("vpclattice_information", detailType, shop, "eu-west-1", detail)
	}
	for _, tt := range []struct {
		name, body string
		form       Form
		reason     Reason
	}{
		{"tag set", tagged(shop, service, `{"NewService":"true","team":"a"}`), FormTag, ""},
		{"tag gone", tagged(shop, service, `{"team":"a"}`), FormTag, ""},
		{"no tag left", tagged(shop, service, `{}`), FormTag, ""},
		{"another value", tagged(shop, service, `{"NewService":"yes"}`), "", Malformed},
		{"a value that is no text", tagged(shop, service, `{"NewService":true}`), "", Malformed},
		{"another tag", body("aws.tag", "Tag Change on Resource", shop, "eu-west-1", `{"changed-tag-keys":["team"],"service":"vpc-lattice","resource-type":"service","tags":{"NewService":"true"}}`, service), "", Irrelevant},
		{"another resource type", body("aws.tag", "Tag Change on Resource", shop, "eu-west-1", `{"changed-tag-keys":["NewService"],"service":"vpc-lattice","resource-type":"servicenetwork","tags":{}}`, service), "", Irrelevant},
		{"another service", body("aws.tag", "Tag Change on Resource", shop, "eu-west-1", `{"changed-tag-keys":["NewService"],"service":"ec2","resource-type":"instance","tags":{}}`, service), "", Irrelevant},
		{"no resource", body("aws.tag", "Tag Change on Resource", shop, "eu-west-1", `{"changed-tag-keys":["NewService"],"service":"vpc-lattice","resource-type":"service","tags":{}}`), "", Malformed},
		{"two resources", body("aws.tag", "Tag Change on Resource", shop, "eu-west-1", `{"changed-tag-keys":["NewService"],"service":"vpc-lattice","resource-type":"service","tags":{}}`, service, other), "", Malformed},
		{"a resource that is no service", tagged(shop, "arn:aws:vpc-lattice:eu-west-1:444444444444:servicenetwork/sn-0a1b2c3d4e5f60718", `{}`), "", Malformed},

		{"made", trail(`"eventName":"CreateService","requestParameters":{"name":"a"},"responseElements":{"arn":"` + service + `"}`), FormTrail, ""},
		{"updated, by ID", trail(`"eventName":"UpdateService","requestParameters":{"serviceIdentifier":"svc-0a1b2c3d4e5f60718"},"responseElements":null`), FormTrail, ""},
		{"deleted, by a service of AWS", strings.Replace(trail(`"eventName":"DeleteService","requestParameters":{"serviceIdentifier":"`+service+`"}`), `"arn":"`+anna+`"`, `"invokedBy":"cloudformation.amazonaws.com"`, 1), FormTrail, ""},
		{"deleted, by ARN", trail(`"eventName":"DeleteService","requestParameters":{"serviceIdentifier":"` + service + `"},"responseElements":{"status":"DELETE_IN_PROGRESS"}`), FormTrail, ""},
		{"tagged", trail(`"eventName":"TagResource","requestParameters":{"resourceArn":"` + service + `"},"responseElements":null`), FormTrail, ""},
		{"tagged, a network", trail(`"eventName":"TagResource","requestParameters":{"resourceArn":"arn:aws:vpc-lattice:eu-west-1:444444444444:servicenetwork/sn-1"},"responseElements":null`), "", Irrelevant},
		{"tagged, a listener", trail(`"eventName":"TagResource","requestParameters":{"resourceArn":"` + service + `/listener/listener-0a1b2c3d4e5f60718"},"responseElements":null`), "", Irrelevant},
		{"untagged, a rule of a listener", trail(`"eventName":"UntagResource","requestParameters":{"resourceArn":"` + service + `/listener/listener-0a1b2c3d4e5f60718/rule/rule-0a1b2c3d4e5f60718"},"responseElements":null`), "", Irrelevant},
		{"a read", trail(`"eventName":"GetService","requestParameters":{"serviceIdentifier":"svc-0a1b2c3d4e5f60718"}`), "", Irrelevant},
		{"a call that failed", trail(`"eventName":"CreateService","errorCode":"ConflictException","requestParameters":null,"responseElements":null`), "", Irrelevant},
		{"a call of nothing", trail(`"eventName":"DeleteService","requestParameters":null,"responseElements":null`), "", Malformed},
		{"a call of another service", called(shop, `{"eventSource":"ec2.amazonaws.com","eventName":"CreateService"}`), "", Malformed},

		{"the guidance's, made", guided("ServiceCreated", `{"ServiceArn":"`+service+`","CustomDomainName":"corp.acme.internal","DnsEntry":{"DomainName":"evil.example.com"}}`), FormGuidance, ""},
		{"the guidance's, gone", guided("ServiceDeleted", `{"ServiceArn":"`+service+`"}`), FormGuidance, ""},
		{"the guidance's, without service", guided("ServiceDeleted", `{}`), "", Malformed},
		{"the guidance's, another kind", guided("ServiceRenamed", `{"ServiceArn":"`+service+`"}`), "", Foreign},

		{"a service of another account", tagged(shop, other, `{"NewService":"true"}`), "", Forged},
		{"the same, by the guidance", guided("ServiceDeleted", `{"ServiceArn":"`+other+`"}`), "", Forged},
		{"the same, by a trail", trail(`"eventName":"DeleteService","responseElements":{"arn":"` + other + `"}`), "", Forged},
		{"a service of another Region", tagged(shop, strings.Replace(service, "eu-west-1", "eu-west-2", 1), `{"NewService":"true"}`), "", Forged},
		{"a service of another partition", tagged(shop, strings.Replace(service, "arn:aws:", "arn:aws-cn:", 1), `{"NewService":"true"}`), "", Forged},
		{"another source", body("shop", "Tag Change on Resource", shop, "eu-west-1", `{}`, service), "", Foreign},
		{"a source in capitals", body("AWS.TAG", "Tag Change on Resource", shop, "eu-west-1", `{}`, service), "", Foreign},
		{"an account that is none", tagged("44444444444x", service, `{}`), "", Malformed},
		{"a Region that is none", body("aws.tag", "Tag Change on Resource", shop, "eu-west-1/..", `{}`, service), "", Malformed},
		{"no event", `{"hello":"world"}`, "", Malformed},
		{"no object", `[]`, "", Malformed},
		{"no JSON", `{"version":`, "", Malformed},
		{"nothing", ``, "", Malformed},
		{"too long", tagged(shop, service, `{"NewService":"`+strings.Repeat("x", MaxSize)+`"}`), "", Oversize},
		{"too deep", strings.Repeat("[", MaxSize), "", Malformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, err := Decode(tt.body, DefaultTagKey)
			if tt.reason != "" {
				var r *Refusal
				if !errors.As(err, &r) || r.Reason != tt.reason || h != (Hint{}) {
					t.Fatalf("%+v, %v; want refused as %s", h, err, tt.reason)
				}
				return
			}
			gone := slices.Contains([]string{"tag gone", "no tag left", "deleted, by ARN", "deleted, by a service of AWS", "the guidance's, gone"}, tt.name)
			want := Hint{"bddcf1d6-0251-35a1-aab0-adc1fb47c11c", tt.form, shop, "eu-west-1", service, gone, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ""}
			by := "account 444444444444 (" + string(tt.form) + ")"
			if strings.Contains(tt.body, anna) {
				want.Principal, by = anna, anna+" of account 444444444444 (cloudtrail)"
			}
			if err != nil || h != want || h.By() != by {
				t.Errorf("%+v by %s, %v; want %+v by %s", h, h.By(), err, want, by)
			}
		})
	}
}

func TestDecodeTagKey(t *testing.T) {
	b := strings.ReplaceAll(tagged(shop, service, `{"NewService":"true"}`), "NewService", "dns")
	if _, err := Decode(b, "dns"); err != nil {
		t.Error(err)
	}
	var r *Refusal
	if _, err := Decode(b, DefaultTagKey); !errors.As(err, &r) || r.Reason != Irrelevant {
		t.Errorf("by another tag: %v", err)
	}
}

// FuzzDecode: whatever comes, it is refused with a reason, or names a service of
// the account that sent it.
func FuzzDecode(f *testing.F) {
	f.Add(tagged(shop, service, `{"NewService":"true"}`))
	f.Add(called(shop, `{"eventSource":"vpc-lattice.amazonaws.com","eventName":"DeleteService","requestParameters":{"serviceIdentifier":"svc-0a1b2c3d4e5f60718"}}`))
	f.Add(body("vpclattice_information", "ServiceCreated", shop, "eu-west-1", `{"ServiceArn":"`+service+`"}`))
	f.Add(`{"detail":{"detail":null}}`)
	f.Fuzz(func(t *testing.T, b string) {
		h, err := Decode(b, DefaultTagKey)
		var r *Refusal
		switch {
		case err == nil:
			if m := serviceForm.FindStringSubmatch(h.Service); m == nil || m[2] != string(h.Region) || m[3] != string(h.Account) {
				t.Errorf("%+v is not the sender's own service", h)
			}
		case !errors.As(err, &r):
			t.Errorf("%T: %v", err, err)
		case len(r.Error()) > 2000:
			t.Errorf("a reason of %d characters", len(r.Error()))
		}
	})
}
