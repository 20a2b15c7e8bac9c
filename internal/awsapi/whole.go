package awsapi

import (
	"bytes"
	"io"
	"net/http"
)

// whole sends requests whose bodies nobody else holds. The SDK closes the body of
// a request when the answer begins; where that comes before the transport has
// noticed the body's end, as from a twin on the same machine, the transport takes
// it for a failed write, and closes the connection while the answer is read.
type whole struct{ http.RoundTripper }

func (w whole) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return w.RoundTripper.RoundTrip(req)
	}
	raw, err := io.ReadAll(req.Body)
	_ = req.Body.Close() // all of it was read
	if err != nil {
		return nil, err
	}
	one := *req
	one.Body = io.NopCloser(bytes.NewReader(raw))
	return w.RoundTripper.RoundTrip(&one)
}
