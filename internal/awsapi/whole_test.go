package awsapi

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// early is a transport that reads a request's body once whoever asked has closed
// what they gave.
type early struct {
	given *closing
	got   string
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func (e *early) RoundTrip(req *http.Request) (*http.Response, error) {
	_ = e.given.Close()
	raw, err := io.ReadAll(req.Body)
	e.got = string(raw)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, err
}

// Read is what a closed body gives.
func (c *closing) Read(p []byte) (int, error) {
	if c.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return c.Reader.Read(p)
}

// TestWhole: a body that is closed when the answer begins is sent all the same.
func TestWhole(t *testing.T) {
	given := &closing{Reader: strings.NewReader("{}")}
	e := &early{given: given}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1", given)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := whole{e}.RoundTrip(req)
	if err != nil || e.got != "{}" || req.Body != given {
		t.Fatalf("sent %q, %v", e.got, err)
	}
	_ = resp.Body.Close()
}
