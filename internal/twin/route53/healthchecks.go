package route53

import (
	"context"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// check is a health check. The twin keeps it and never checks anything.
type check struct {
	Account   estate.AccountID
	Reference string
	Config    types.HealthCheckConfig
	Version   int64
	Tags      estate.Tags
}

var checks = world.Private[check]{Name: "route53.healthchecks"}

func noSuchCheck(id string) error {
	return &types.NoSuchHealthCheck{Message: text("A health check with id %s does not exist.", id)}
}

func ownCheck(c *world.Call, id string) (check, error) {
	h, ok := checks.Get(c.State, id)
	switch {
	case !ok:
		return h, noSuchCheck(id)
	case h.Account != c.Account():
		return h, foreign(c)
	}
	return h, nil
}

// checkKnown reports whether a record may use a health check: the caller's, or
// in an estate that was read, which holds no health checks, any: the plan says
// that it is not proven.
func checkKnown(c *world.Call, id string) bool {
	if h, ok := checks.Get(c.State, id); ok {
		return h.Account == c.Account()
	}
	e := c.Estate()
	if !e.Closed() {
		return true
	}
	for z := range e.Zones.By(estate.ByAccount(c.Account())) { // of a snapshot that a twin was started from
		for rec := range e.Records.Prefix(estate.RecordsOf(z.ID)) {
			if rec.HealthCheck == id {
				return true
			}
		}
	}
	return false
}

func checkCount(c *world.Call) (n int64) {
	checks.Walk(c.State, "", func(_ string, h check) bool {
		if h.Account == c.Account() {
			n++
		}
		return true
	})
	return n
}

func sdkCheck(id string, h check) *types.HealthCheck {
	config := h.Config
	return &types.HealthCheck{
		Id: aws.String(id), CallerReference: aws.String(h.Reference), HealthCheckConfig: &config, HealthCheckVersion: aws.Int64(h.Version),
	}
}

// createHealthCheck makes a health check. The same reference again gives the
// same check, and HealthCheckAlreadyExists with other settings
// (API_CreateHealthCheck).
func createHealthCheck(_ context.Context, c *world.Call, in *sdk.CreateHealthCheckInput) (*sdk.CreateHealthCheckOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	if in.HealthCheckConfig == nil {
		return nil, invalidInput("Invalid request: Missing field 'HealthCheckConfig'")
	}
	h := check{Account: c.Account(), Reference: aws.ToString(in.CallerReference), Config: withDefaults(*in.HealthCheckConfig), Version: 1}
	var id string
	checks.Walk(c.State, "", func(key string, other check) bool {
		if other.Account == h.Account && other.Reference == h.Reference {
			id = key
			if reflect.DeepEqual(other.Config, h.Config) {
				h = other
			}
		}
		return id == ""
	})
	if id != "" && h.Tags == nil {
		return nil, &types.HealthCheckAlreadyExists{Message: text("A health check with the caller reference %s and different settings has already been created.", h.Reference)}
	}
	if id == "" {
		if max, limited := quota(c, c.Account(), quotaHealthChecks, ""); limited && checkCount(c) >= max {
			return nil, &types.TooManyHealthChecks{Message: limitExceeded(quotaHealthChecks, "health checks")}
		}
		x := c.State.HexID(c.Account(), "healthcheck", h.Reference, 32)
		id = fmt.Sprintf("%s-%s-%s-%s-%s", x[:8], x[8:12], x[12:16], x[16:20], x[20:])
		h.Tags = estate.Tags{}
		checks.Put(c.State, id, h)
	}
	return &sdk.CreateHealthCheckOutput{
		HealthCheck: sdkCheck(id, h), Location: aws.String("https://route53.amazonaws.com/2013-04-01/healthcheck/" + id),
	}, nil
}

// withDefaults fills in what AWS fills in (API_HealthCheckConfig).
func withDefaults(h types.HealthCheckConfig) types.HealthCheckConfig {
	set := func(p **int32, v int32) {
		if *p == nil {
			*p = aws.Int32(v)
		}
	}
	flag := func(p **bool) {
		if *p == nil {
			*p = aws.Bool(false)
		}
	}
	flag(&h.Inverted)
	flag(&h.Disabled)
	switch h.Type {
	case types.HealthCheckTypeCalculated, types.HealthCheckTypeCloudwatchMetric, types.HealthCheckTypeRecoveryControl:
		return h
	case types.HealthCheckTypeHttp, types.HealthCheckTypeHttpStrMatch:
		set(&h.Port, 80)
	case types.HealthCheckTypeHttps, types.HealthCheckTypeHttpsStrMatch:
		set(&h.Port, 443)
		if h.EnableSNI == nil {
			h.EnableSNI = aws.Bool(true)
		}
	}
	set(&h.RequestInterval, 30)
	set(&h.FailureThreshold, 3)
	flag(&h.MeasureLatency)
	flag(&h.EnableSNI)
	return h
}

func getHealthCheck(_ context.Context, c *world.Call, in *sdk.GetHealthCheckInput) (*sdk.GetHealthCheckOutput, error) {
	id := aws.ToString(in.HealthCheckId)
	if err := authorize(c, checkARN(id), nil); err != nil {
		return nil, err
	}
	h, err := ownCheck(c, id)
	if err != nil {
		return nil, err
	}
	return &sdk.GetHealthCheckOutput{HealthCheck: sdkCheck(id, h)}, nil
}

func getHealthCheckCount(_ context.Context, c *world.Call, _ *sdk.GetHealthCheckCountInput) (*sdk.GetHealthCheckCountOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	return &sdk.GetHealthCheckCountOutput{HealthCheckCount: aws.Int64(checkCount(c))}, nil
}

// maxChecks is the page of ListHealthChecks.
const maxChecks = 1000

func listHealthChecks(_ context.Context, c *world.Call, in *sdk.ListHealthChecksInput) (*sdk.ListHealthChecksOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	n, err := pageSize(in.MaxItems, maxChecks)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListHealthChecksOutput{
		Marker: aws.String(aws.ToString(in.Marker)), MaxItems: aws.Int32(int32(n)), HealthChecks: []types.HealthCheck{},
	}
	checks.Walk(c.State, "", func(id string, h check) bool {
		if h.Account != c.Account() || id < aws.ToString(in.Marker) {
			return true
		}
		if len(out.HealthChecks) == n {
			out.IsTruncated, out.NextMarker = true, aws.String(id)
			return false
		}
		out.HealthChecks = append(out.HealthChecks, *sdkCheck(id, h))
		return true
	})
	return out, nil
}

// deleteHealthCheck deletes a health check, also one that records still use
// (API_DeleteHealthCheck).
func deleteHealthCheck(_ context.Context, c *world.Call, in *sdk.DeleteHealthCheckInput) (*sdk.DeleteHealthCheckOutput, error) {
	id := aws.ToString(in.HealthCheckId)
	if err := authorize(c, checkARN(id), nil); err != nil {
		return nil, err
	}
	if _, err := ownCheck(c, id); err != nil {
		return nil, err
	}
	checks.Delete(c.State, id)
	return &sdk.DeleteHealthCheckOutput{}, nil
}
