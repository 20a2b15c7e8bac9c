package eventbridge

import (
	"strings"
	"testing"
)

// TestPatterns: the operators of eb-create-pattern-operators.html, and the rules
// of eb-create-pattern.html, on an event with a list, a list of objects, an
// address and numbers.
func TestPatterns(t *testing.T) {
	const event = `{"source":"aws.tag","detail-type":"Tag Change on Resource","resources":["arn:aws:vpc-lattice:eu-west-1:1:service/svc-1"],
		"detail":{"changed-tag-keys":["NewService","Team"],"service":"vpc-lattice","count":300,"price":1.5,"none":null,"empty":"","yes":true,
			"ip":"10.0.0.9","deep":{"state":"running"},"list":[{"a":1,"b":"x"},{"a":2,"b":"y"}],"path":"dir/a*b.png"}}`
	v, err := read(event)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		pattern string
		want    bool
	}{
		{`{"source":["aws.tag"]}`, true},
		{`{"source":["aws.ec2","aws.tag"]}`, true},
		{`{"source":["aws"]}`, false},
		{`{"source":["aws.tag"],"detail":{"service":["ec2"]}}`, false},
		{`{"detail":{"changed-tag-keys":["NewService"],"service":["vpc-lattice"]},"detail-type":["Tag Change on Resource"],"source":["aws.tag"]}`, true},
		{`{"detail":{"count":[300]}}`, true},
		{`{"detail":{"count":[300.0]}}`, false}, // compared as written
		{`{"detail":{"count":["300"]}}`, false},
		{`{"detail":{"yes":[true]}}`, true},
		{`{"detail":{"none":[null]}}`, true},
		{`{"detail":{"empty":[""]}}`, true},
		{`{"detail":{"missing":[""]}}`, false},
		{`{"resources":[{"prefix":"arn:aws:vpc-lattice:"}]}`, true},
		{`{"resources":[{"suffix":"svc-2"}]}`, false},
		{`{"resources":[{"suffix":{"equals-ignore-case":"SVC-1"}}]}`, true},
		{`{"source":[{"prefix":{"equals-ignore-case":"AWS."}}]}`, true},
		{`{"source":[{"equals-ignore-case":"AWS.TAG"}]}`, true},
		{`{"source":[{"anything-but":"aws.ec2"}]}`, true},
		{`{"source":[{"anything-but":["aws.ec2","aws.tag"]}]}`, false},
		{`{"source":[{"anything-but":{"prefix":"aws."}}]}`, false},
		{`{"source":[{"anything-but":{"prefix":["com.","org."]}}]}`, true},
		{`{"source":[{"anything-but":{"suffix":"tag"}}]}`, false},
		{`{"source":[{"anything-but":{"equals-ignore-case":["AWS.TAG"]}}]}`, false},
		{`{"source":[{"anything-but":{"wildcard":"*.tag"}}]}`, false},
		{`{"detail":{"count":[{"anything-but":[299,301]}]}}`, true},
		{`{"detail":{"missing":[{"anything-but":"x"}]}}`, false},
		{`{"detail":{"changed-tag-keys":[{"anything-but":"NewService"}]}}`, true}, // Team is something else
		{`{"detail":{"count":[{"numeric":[">",0,"<=",300]}]}}`, true},
		{`{"detail":{"count":[{"numeric":["<",300]}]}}`, false},
		{`{"detail":{"count":[{"numeric":["=",3.0e2]}]}}`, true},
		{`{"detail":{"price":[{"numeric":[">=",1.5]}]}}`, true},
		{`{"detail":{"service":[{"numeric":["=",1]}]}}`, false},
		{`{"detail":{"ip":[{"cidr":"10.0.0.0/24"}]}}`, true},
		{`{"detail":{"ip":[{"cidr":"10.0.1.0/24"}]}}`, false},
		{`{"detail":{"service":[{"exists":true}]}}`, true},
		{`{"detail":{"missing":[{"exists":false}]}}`, true},
		{`{"detail":{"none":[{"exists":true}]}}`, true},
		{`{"detail":{"deep":[{"exists":true}]}}`, false}, // leaves only
		{`{"detail":{"deep":{"state":[{"exists":true}]}}}`, true},
		{`{"absent":{"state":[{"exists":false}]}}`, true},
		{`{"detail":{"path":[{"wildcard":"dir/*.png"}]}}`, true},
		{`{"detail":{"path":[{"wildcard":"dir/a\\*b.*"}]}}`, true},
		{`{"detail":{"path":[{"wildcard":"*a*c*"}]}}`, false},
		{`{"detail":{"service":[{"wildcard":"vpc-lattice"}]}}`, true},
		{`{"detail":{"list":{"a":[1],"b":["x"]}}}`, true},
		{`{"detail":{"list":{"a":[1],"b":["y"]}}}`, false}, // of one element of the list
		{`{"$or":[{"source":["aws.ec2"]},{"detail":{"count":[300]}}]}`, true},
		{`{"detail":{"$or":[{"count":[1]},{"service":["ec2"]}]}}`, false},
		{`{"source":["aws.tag"],"detail":{"$or":[{"count":[1]},{"service":["vpc-lattice"]}],"yes":[true]}}`, true},
	} {
		p, err := compile(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
		} else if got := p.matches(v); got != tt.want {
			t.Errorf("%s matches: %v, want %v", tt.pattern, got, tt.want)
		}
	}
}

// TestBadPatterns: what PutRule refuses with InvalidEventPatternException.
func TestBadPatterns(t *testing.T) {
	for _, tt := range []struct{ pattern, want string }{
		{`{`, "no JSON"},
		{`[]`, "must be an object"},
		{`{} {}`, "more than one"},
		{`{}`, "empty objects"},
		{`{"detail":{}}`, `"detail": empty objects`},
		{`{"source":"aws.tag"}`, `"source" must be an object or an array`},
		{`{"source":[]}`, `"source": empty arrays`},
		{`{"source":[["a"]]}`, "array within an array"},
		{`{"source":[{"prefix":"a","suffix":"b"}]}`, "exactly one key"},
		{`{"source":[{"starts":"a"}]}`, "unrecognized match type starts"},
		{`{"source":[{"prefix":1}]}`, "prefix must be a string"},
		{`{"source":[{"exists":"yes"}]}`, "exists must be true or false"},
		{`{"source":[{"cidr":"10.0.0.0"}]}`, "CIDR"},
		{`{"source":[{"numeric":["=","1"]}]}`, "must be a number"},
		{`{"source":[{"numeric":["=",5000000001]}]}`, "between -5e9"},
		{`{"source":[{"numeric":["<",9,">",1]}]}`, "lower to its upper"},
		{`{"source":[{"numeric":["~",1]}]}`, "operator"},
		{`{"source":[{"wildcard":"a**b"}]}`, "consecutive wildcard"},
		{`{"source":[{"wildcard":"a\\b"}]}`, "invalid escape"},
		{`{"source":[{"anything-but":[]}]}`, "must not be empty"},
		{`{"source":[{"anything-but":[true]}]}`, "strings, numbers"},
		{`{"source":[{"anything-but":{"numeric":["=",1]}}]}`, "unrecognized match type numeric"},
		{`{"source":["` + strings.Repeat("x", 2048) + `"]}`, "longer than 2048"},
	} {
		if _, err := compile(tt.pattern); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.pattern, err, tt.want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`{"a":[{"wildcard":"*a*"}],"$or":[{"b":[1]},{"c":[null]}]}`, `{"a":"ba","b":1}`)
	f.Fuzz(func(_ *testing.T, pattern, event string) {
		p, err := compile(pattern)
		if err != nil {
			return
		}
		if v, err := read(event); err == nil {
			p.matches(v)
		}
	})
}
