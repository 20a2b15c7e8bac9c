package sigv4

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// What x-amz-content-sha256 may say instead of a hash: S3 API Reference,
// sigv4-auth-using-authorization-header.html and sigv4-streaming-trailers.html.
const (
	unsigned  = "UNSIGNED-PAYLOAD"
	streaming = "STREAMING-"
)

// Content is the content of a body that S3's clients sent in signed or
// unsigned chunks ("aws-chunked"), and the body itself of any other request.
// The signatures of the chunks and the trailer are not verified: the seed
// signature is.
func Content(r *http.Request, body []byte) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), streaming) {
		return body, nil
	}
	var content []byte
	for rest := body; ; {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if !ok {
			return nil, fmt.Errorf("aws-chunked body ends before its last chunk")
		}
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(size, 16, 32)
		if err != nil {
			return nil, fmt.Errorf("aws-chunked body has a chunk of size %q", size)
		}
		if n == 0 {
			return content, nil
		}
		if uint64(len(after)) < n+2 || string(after[n:n+2]) != "\r\n" {
			return nil, fmt.Errorf("aws-chunked body ends inside a chunk of %d bytes", n)
		}
		content = append(content, after[:n]...)
		rest = after[n+2:]
	}
}
