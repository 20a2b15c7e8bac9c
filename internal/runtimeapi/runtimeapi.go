// Package runtimeapi makes this process a Lambda function: it fetches
// invocations from the runtime API, one at a time, and gives back what a handler
// makes of each (Lambda Developer Guide, runtimes-api.html). What the function
// does is the handler's.
package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

// Handler makes the response to an invocation. Its context ends a little before
// the function's time is over. Its error is the function's, which whoever
// invoked it is shown.
type Handler func(ctx context.Context, payload []byte) ([]byte, error)

const (
	// maxPayload is what Lambda passes on in either direction (gettingstarted-limits.html).
	maxPayload = 6 << 20
	// reserve is kept of an invocation's time for the response.
	reserve = 500 * time.Millisecond
)

// Serve handles invocations until ctx is done, which is no error; any other end
// is. Lambda then starts the function anew.
func Serve(ctx context.Context, c clock.Clock, client *http.Client, api string, h Handler) error {
	r := runtime{client, "http://" + api + "/2018-06-01/runtime/invocation/"}
	for {
		id, deadline, payload, err := r.next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the Lambda runtime API at %s: %w", api, err)
		}
		in, cancel := context.WithTimeout(ctx, deadline.Add(-reserve).Sub(c.Now()))
		response, failure := h(in, payload)
		cancel()
		if err := r.give(ctx, id, response, failure); err != nil {
			return fmt.Errorf("the Lambda runtime API at %s: %w", api, err)
		}
	}
}

type runtime struct {
	client *http.Client
	base   string
}

// next waits for an invocation. It has no time-out, since the process may be
// frozen meanwhile.
func (r runtime) next(ctx context.Context) (id string, deadline time.Time, payload []byte, err error) {
	resp, err := r.do(ctx, http.MethodGet, "next", nil, nil)
	if err != nil {
		return "", time.Time{}, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", time.Time{}, nil, fmt.Errorf("no invocation: %s", resp.Status)
	}
	id = resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
	ms, err := strconv.ParseInt(resp.Header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	if err != nil || id == "" {
		return "", time.Time{}, nil, fmt.Errorf("an invocation without ID or deadline: %q, %q", id, resp.Header.Get("Lambda-Runtime-Deadline-Ms"))
	}
	payload, err = io.ReadAll(io.LimitReader(resp.Body, maxPayload))
	return id, time.UnixMilli(ms), payload, err
}

// give posts what came of an invocation.
func (r runtime) give(ctx context.Context, id string, response []byte, failure error) error {
	what, header := "response", http.Header{"Content-Type": {"application/json"}}
	if failure == nil && len(response) > maxPayload {
		failure = fmt.Errorf("the response has %d bytes; Lambda takes %d", len(response), maxPayload)
	}
	if failure != nil {
		var err error
		if response, err = json.Marshal(map[string]string{"errorMessage": failure.Error(), "errorType": "orgdns.Error"}); err != nil {
			return err
		}
		what = "error"
		header.Set("Lambda-Runtime-Function-Error-Type", "orgdns.Error")
	}
	resp, err := r.do(ctx, http.MethodPost, id+"/"+what, response, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the %s was not taken: %s", what, resp.Status)
	}
	return nil
}

func (r runtime) do(ctx context.Context, method, path string, body []byte, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	return r.client.Do(req)
}
