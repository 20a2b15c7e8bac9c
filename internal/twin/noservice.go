package twin

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/orgdns/orgdns/internal/twin/wire"
)

// unknownService is the code of an answer for a service that the twin lacks.
const unknownService = "NotImplementedByTwin"

// noService answers a request for a service that the twin does not have. Its
// protocol is unknown, so the answer is XML for what looks like a query call and
// JSON for all else, which is what most clients of such services read.
func noService(req *http.Request, signing, have string) *wire.Response {
	if signing == "" {
		signing = "of this request, which is not signed"
	}
	message := fmt.Sprintf("The twin does not have the service %s; it has %s", signing, have)
	r := &wire.Response{Status: http.StatusNotImplemented, Header: http.Header{
		"X-Amzn-Errortype": {unknownService}, "Content-Type": {"application/x-amz-json-1.1"},
	}}
	type detail struct{ Type, Code, Message string }
	var err error
	if strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		r.Header.Set("Content-Type", "text/xml")
		r.Body, err = xml.Marshal(struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Error   detail
		}{Error: detail{"Receiver", unknownService, message}})
	} else {
		r.Body, err = json.Marshal(map[string]string{"__type": unknownService, "message": message})
	}
	if err != nil { // strings always marshal
		r.Body = []byte(message)
	}
	return r
}
