package openshift

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// Role is the role that is assumed for the private zone. The zero Role means
// that none is assumed: an empty field says so.
type Role struct {
	ARN       string
	Partition string // aws, aws-cn or aws-us-gov
	Account   estate.AccountID
	Name      string // without its path
	Pos       diag.Pos
}

// IsZero reports whether no role is assumed.
func (r Role) IsZero() bool { return r.ARN == "" }

// Partitions are those whose roles the API takes (openshift/api, AWSDNSSpec).
var partitions = []string{"aws", "aws-cn", "aws-us-gov"}

// roleARN is a role's ARN (IAM User Guide, reference_identifiers.html). The API
// also takes one without a name, which is no role.
var roleARN = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):iam::([0-9]{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})$`)

// role reads a field that takes a role.
func (r *reader) role(t config.Tree, field string, keys ...string) Role {
	return r.roleOf(r.text(t, field, keys...), field)
}

func (r *reader) roleOf(text Text, field string) Role {
	if text.Value == "" {
		return Role{}
	}
	if m := roleARN.FindStringSubmatch(text.Value); m != nil {
		return Role{text.Value, m[1], estate.AccountID(m[2]), m[3], text.Pos}
	}
	reason, hint := whyNoRole(text.Value)
	r.problem(text.Pos, CodeRole, fmt.Sprintf("%s: %q is not the ARN of a role", field, shorten(text.Value)), reason, hint)
	return Role{}
}

var twelve = regexp.MustCompile(`^[0-9]{12}$`)

// whyNoRole finds the first part of an ARN that is wrong.
func whyNoRole(s string) (reason, hint string) {
	const form = `write it as in "arn:aws:iam::111122223333:role/dns"`
	f := strings.SplitN(s, ":", 6)
	if len(f) < 6 || f[0] != "arn" {
		if strings.TrimSpace(s) != s {
			return "it has spaces around it", "take them out"
		}
		return "it is no ARN", form
	}
	kind, name, _ := strings.Cut(f[5], "/")
	switch {
	case !slices.Contains(partitions, f[1]):
		return fmt.Sprintf("its partition is %q", f[1]), "the partitions are " + strings.Join(partitions, ", ")
	case f[2] == "sts" && kind == "assumed-role":
		role, _, _ := strings.Cut(name, "/")
		return "it is a session of a role", fmt.Sprintf(`write the role's own ARN: "arn:%s:iam::%s:role/%s", with its path if it has one`, f[1], f[4], role)
	case f[2] != "iam":
		return fmt.Sprintf("its service is %q", f[2]), form
	case f[3] != "":
		return fmt.Sprintf("it has a Region, %q; IAM has none", f[3]), fmt.Sprintf(`leave it out: "arn:%s:iam::%s:%s"`, f[1], f[4], f[5])
	case !twelve.MatchString(f[4]):
		return fmt.Sprintf("its account is %q", f[4]), "write the twelve digits of the account that holds the zone"
	case kind != "role":
		return fmt.Sprintf("it names a %s", kind), "only a role can be assumed: make one in the account that holds the zone"
	case name == "" || strings.HasSuffix(name, "/"):
		return "the role has no name", form
	}
	return "the role's name has characters that IAM does not take", "a name has up to 64 letters, digits and any of +=,.@_- (IAM API, CreateRole)"
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return s
}
