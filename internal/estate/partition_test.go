package estate

import "testing"

// TestPartition: Regions and ARNs of each partition (IAM User Guide,
// reference-arns.html), and that shares and Profiles find what they hold in each.
func TestPartition(t *testing.T) {
	for region, partition := range map[Region]string{
		"eu-west-1": "aws", "us-east-1": "aws", "": "aws", "cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-gov-east-1": "aws-us-gov",
	} {
		if got := region.Partition(); got != partition {
			t.Errorf("Region %q is in %s, want %s", region, got, partition)
		}
		p := Endpoint{ID: "vpce-1", Account: "111111111111", Region: region}
		z := Zone{ID: "Z1"}
		var e Estate
		if got := e.Partition(); got != "aws" {
			t.Errorf("an empty estate is in %s", got)
		}
		e.Organization = Organization{ID: "o-1", Management: "999999999999", ARN: "arn:" + partition + ":organizations::999999999999:organization/o-1", Root: "r-1"}
		for range 2 { // by the organization, then by the caller
			if got := e.Partition(); got != partition {
				t.Errorf("the estate is in %s, want %s", got, partition)
			}
			if got, want := e.Local(p.ARN()), "arn:"+partition+":ec2:"+string(region)+":111111111111:vpc-endpoint/vpce-1"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if got, want := e.Local(z.ARN()), "arn:"+partition+":route53:::hostedzone/Z1"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if got := e.Organization.UnitARN("r-1"); got != e.Organization.ARN {
				t.Errorf("the organization is %s, want %s", got, e.Organization.ARN)
			}
			e.Caller.ARN = "arn:" + partition + ":iam::999999999999:user/somebody"
		}
		for _, k := range ShareKinds {
			standing := SharePermission{ARN: e.Local(k.PermissionARN()), Version: 1}
			if got := e.PermissionOf(Share{Permissions: []SharePermission{standing}}, k); got != standing {
				t.Errorf("in %s the permission of %s is %v", partition, k.Name, got)
			}
		}
		e.ProfileResources.Put(ProfileResource{ID: "rpr-1", Profile: "rp-1", ARN: e.Local(p.ARN())})
		found := 0
		for range e.ProfileResources.By(ByMember(p.ARN())) {
			found++
		}
		for range e.ProfileResources.ByPrefix(ByMember("arn:aws:ec2:")) {
			found++
		}
		if found != 2 {
			t.Errorf("in %s a Profile's endpoint is found %d times, want 2", partition, found)
		}
		e.Accounts.Put(Account{ID: "111111111111", Status: AccountActive, Parent: "r-1"}, Account{ID: "222222222222", Status: AccountActive, Parent: "r-1"})
		e.Answers.Put(Answer{Query: Query{Kind: QueryShares, Account: "111111111111", Region: region}})
		if e.Lends(p.ARN(), "111111111111", "222222222222") {
			t.Errorf("in %s what nobody shared is lent", partition)
		}
		e.Shares.Put(Share{ARN: "arn:" + partition + ":ram:" + string(region) + ":111111111111:resource-share/1", Account: "111111111111", Region: region,
			Resources: []ShareMember{{ID: e.Local(p.ARN()), Status: ShareAssociated}}, Principals: []ShareMember{{ID: e.Organization.ARN, Status: ShareAssociated}}})
		if !e.Lends(p.ARN(), "111111111111", "222222222222") {
			t.Errorf("in %s what is shared with the organization is not lent", partition)
		}
	}
}
