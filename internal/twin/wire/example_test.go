package wire_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/orgdns/orgdns/internal/twin/wire"
)

// caller is what a twin tells its handlers about a call.
type caller struct{ Account, Arn string }

// securityTokens is a service of the twin: its methods take and give the SDK's
// structs.
type securityTokens struct{}

func (securityTokens) GetCallerIdentity(_ context.Context, c caller, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: &c.Account, Arn: &c.Arn, UserId: aws.String("AIDA")}, nil
}

// A request goes through the router, the decoder and the handlers, and the
// answer through the encoder; what lies between is the twin's.
func Example() {
	table, err := wire.Load("sts")
	if err != nil {
		panic(err)
	}
	var service securityTokens
	mux, err := wire.NewMux(table, wire.Handle(service.GetCallerIdentity))
	if err != nil {
		panic(err)
	}
	router := wire.NewRouter(table)

	body := "Action=GetCallerIdentity&Version=2011-06-15"
	req, err := http.NewRequest(http.MethodPost, "https://sts.eu-west-1.amazonaws.com/", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	call, err := router.Route(req, []byte(body), "sts")
	if err != nil {
		panic(err)
	}
	in, err := call.Decode()
	if err != nil {
		panic(err)
	}
	if err := call.Operation.Validate(in); err != nil {
		panic(err)
	}
	who := caller{"111111111111", "arn:aws:iam::111111111111:root"}
	out, err := mux.Serve(req.Context(), who, call.Operation, in)
	if err != nil {
		panic(err)
	}
	answer, err := call.Operation.Encode(out, "request-1")
	if err != nil {
		panic(err)
	}
	fmt.Println(answer.Status, strings.ReplaceAll(string(answer.Body), "><", ">\n<"))
	// Output:
	// 200 <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
	// <GetCallerIdentityResult>
	// <UserId>AIDA</UserId>
	// <Account>111111111111</Account>
	// <Arn>arn:aws:iam::111111111111:root</Arn>
	// </GetCallerIdentityResult>
	// <ResponseMetadata>
	// <RequestId>request-1</RequestId>
	// </ResponseMetadata>
	// </GetCallerIdentityResponse>
}
