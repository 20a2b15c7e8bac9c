package openshift

import "fmt"

// AddOn is what an add-on must be told so that it uses the role.
type AddOn struct {
	Title string
	Lines []string
}

// AddOns says what the add-ons that write records of their own need, so that
// they use the role for the zone. None takes it from the object DNS by itself.
// externalID is empty when the role's trust policy asks for none.
func AddOns(role Role, zone, region, externalID string) []AddOn {
	assume := []string{
		"Its own identity needs, in the cluster's account:",
		fmt.Sprintf(`  {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": %q}`, role.ARN),
		"and the role's trust policy must name that identity.",
	}
	operator := AddOn{"External DNS operator", []string{
		"spec:",
		"  provider:",
		"    type: AWS",
		"    aws:",
		"      assumeRole:",
		"        arn: " + role.ARN,
		"  zones:",
		"    - " + zone,
		"in each ExternalDNS of externaldns.olm.openshift.io/v1beta1.",
	}}
	dns := AddOn{"external-dns", []string{
		"--provider=aws",
		"--aws-zone-type=private",
		"--zone-id-filter=" + zone,
		"--aws-assume-role=" + role.ARN,
	}}
	certs := AddOn{"cert-manager", []string{
		"solvers:",
		"  - dns01:",
		"      route53:",
		"        region: " + region,
		"        hostedZoneID: " + zone,
		"        role: " + role.ARN,
	}}
	if externalID != "" {
		operator.Lines = append(operator.Lines, "It sends no external ID: the role's trust policy must let its identity in without one.")
		dns.Lines = append(dns.Lines, "--aws-assume-role-external-id="+externalID)
		certs.Lines = append(certs.Lines, "It sends no external ID: the role's trust policy must let its identity in without one.")
	}
	lists := []string{
		"It lists all zones, so the role needs beyond the zone's own actions:",
		`  {"Effect": "Allow", "Action": ["route53:ListHostedZones", "route53:ListTagsForResources"], "Resource": "*"}`,
	}
	operator.Lines = append(append(operator.Lines, lists...), assume...)
	dns.Lines = append(append(dns.Lines, lists...), assume...)
	certs.Lines = append(certs.Lines,
		"With hostedZoneID it lists no zones; the zone's own actions are enough.",
		"A public CA asks public DNS, which does not see a private zone: this is for a CA inside.")
	certs.Lines = append(certs.Lines, assume...)
	return []AddOn{operator, dns, certs}
}
