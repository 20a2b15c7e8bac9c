package twin

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// recorded are the services whose calls CloudTrail tells EventBridge here.
var recorded = map[string]bool{"vpc-lattice": true}

// apiCall is a call as CloudTrail records it (CloudTrail User Guide,
// cloudtrail-event-reference-record-contents.html; VPC Lattice User Guide,
// monitoring-cloudtrail.html, the examples).
type apiCall struct {
	Version      string       `json:"eventVersion"`
	UserIdentity userIdentity `json:"userIdentity"`
	Time         string       `json:"eventTime"`
	Source       string       `json:"eventSource"`
	Name         string       `json:"eventName"`
	Region       string       `json:"awsRegion"`
	SourceIP     string       `json:"sourceIPAddress"`
	UserAgent    string       `json:"userAgent"`
	Request      wire.Tree    `json:"requestParameters"`
	Response     wire.Tree    `json:"responseElements"`
	RequestID    string       `json:"requestID"`
	ID           string       `json:"eventID"`
	ReadOnly     bool         `json:"readOnly"`
	Type         string       `json:"eventType"`
	Management   bool         `json:"managementEvent"`
	Recipient    string       `json:"recipientAccountId"`
	Category     string       `json:"eventCategory"`
}

type userIdentity struct {
	Type      string          `json:"type"`
	Principal string          `json:"principalId"`
	ARN       string          `json:"arn"`
	Account   string          `json:"accountId"`
	AccessKey string          `json:"accessKeyId,omitempty"`
	UserName  string          `json:"userName,omitempty"`
	Session   *sessionContext `json:"sessionContext,omitempty"`
}

type sessionContext struct {
	Issuer     userIdentity      `json:"sessionIssuer"`
	Attributes map[string]string `json:"attributes"`
}

// record tells EventBridge of a call that changed something, where a trail records
// the caller's account: on the default bus there. Refused calls are not told.
func record(c *world.Call, in, out wire.Tree) error {
	key := world.CallKey{Account: c.Account(), Region: c.Region, Service: c.Service, Operation: c.Operation}
	if !recorded[c.Service] || key.Reads() || !c.Estate().Recorded(c.Account(), c.Region) {
		return nil
	}
	call := apiCall{
		Version: "1.08", UserIdentity: identityOf(c.Caller), Time: c.Now.Format(time.RFC3339), Source: c.Service + ".amazonaws.com", Name: c.Operation,
		Region: string(c.Region), SourceIP: "127.0.0.1", UserAgent: "twin", Request: in, Response: out, RequestID: c.RequestID,
		ID: c.State.UUID(c.Account(), "record", string(c.Region)), Type: "AwsApiCall", Management: true, Recipient: string(c.Account()), Category: "Management",
	}
	if c.Caller.SourceIP.IsValid() {
		call.SourceIP = c.Caller.SourceIP.String()
	}
	if len(out) == 0 {
		call.Response = nil
	}
	detail, err := json.Marshal(call)
	if err != nil {
		return err
	}
	c.Emit(world.BusEvent{Source: "aws." + c.Service, DetailType: "AWS API Call via CloudTrail", Detail: string(detail)})
	return nil
}

// identityOf is who called (cloudtrail-event-reference-user-identity.html).
func identityOf(caller world.Caller) userIdentity {
	name := caller.ARN[strings.LastIndexByte(caller.ARN, '/')+1:]
	out := userIdentity{Type: "IAMUser", Principal: caller.ID, ARN: caller.ARN, Account: string(caller.Account), AccessKey: caller.AccessKey, UserName: name}
	if caller.Role != "" {
		id, _, _ := strings.Cut(caller.ID, ":")
		out.Type, out.UserName = "AssumedRole", ""
		out.Session = &sessionContext{
			Issuer:     userIdentity{Type: "Role", Principal: id, ARN: caller.Role, Account: string(caller.Account), UserName: caller.Role[strings.LastIndexByte(caller.Role, '/')+1:]},
			Attributes: map[string]string{"creationDate": caller.IssuedAt.UTC().Format(time.RFC3339), "mfaAuthenticated": "false"},
		}
	}
	return out
}
