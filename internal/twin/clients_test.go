package twin_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// start is where virtual time begins in these tests.
var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// bench is a world on a virtual clock, with a twin as its door.
type bench struct {
	clock *clock.Virtual
	world *world.World
	*twin.Twin
}

func newBench() bench {
	c := clock.NewVirtual(start)
	w := world.New(c, estate.Estate{})
	return bench{c, w, twin.New(w)}
}

// keys are the credentials of a client; those of an account are its
// administrator's.
func keys(account string) aws.Credentials {
	return aws.Credentials{AccessKeyID: account, SecretAccessKey: "twin"}
}

// config is the SDK's configuration for a client of the bench, without retries.
func (b bench) config(c aws.Credentials) aws.Config {
	return aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.StaticCredentialsProvider{Value: c},
		HTTPClient:  &http.Client{Transport: b.Twin},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// signer signs with the time of a clock instead of the SDK's.
type signer struct {
	*v4.Signer
	clock clock.Clock
}

func (s signer) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, service, region, s.clock.Now(), opts...)
}

func (b bench) signer() signer { return signer{v4.NewSigner(), b.clock} }

func (b bench) sts(c aws.Credentials) *sts.Client {
	return sts.NewFromConfig(b.config(c), func(o *sts.Options) { o.HTTPSignerV4 = b.signer() })
}

func (b bench) iam(c aws.Credentials) *iam.Client {
	return iam.NewFromConfig(b.config(c), func(o *iam.Options) { o.HTTPSignerV4 = b.signer() })
}

func (b bench) route53(c aws.Credentials) *route53.Client {
	return route53.NewFromConfig(b.config(c), func(o *route53.Options) { o.HTTPSignerV4 = b.signer() })
}

// code is the AWS code of an error, empty of none.
func code(err error) string {
	if err == nil {
		return ""
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return "no AWS error: " + err.Error()
}

// must fails the test unless a call succeeded.
func must[T any](t testing.TB) func(out T, err error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
