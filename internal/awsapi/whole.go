package awsapi

import (
	"bytes"
	"io"
	"net/http"
)

// whole sends requests whose bodies nobody else holds. The SDK closes the body of
// a request when the answer begins, and its closed body answers a copy with
// io.EOF as an error (smithy-go, transport/http/internal/io, WriteTo). Where the
// transport has not noticed the body's end by then, as with a twin on the same
// machine, it takes that for a failed write, and closes the connection while the
// answer is read: what the answer brought, such as messages of a queue, is lost.
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
