package model

import "encoding/json"

// A Suite is some of Smithy's protocol tests in botocore's form: a small
// service, and cases of one operation each.
type Suite struct {
	Description string            `json:"description"`
	Metadata    Metadata          `json:"metadata"`
	Shapes      map[string]*Shape `json:"shapes"`
	Cases       []Case            `json:"cases"`
}

// A Case is a request and the parameters that it stands for, or an answer and
// the result or error that it stands for.
type Case struct {
	ID          string    `json:"id"`
	Description string    `json:"description,omitempty"`
	Given       Operation `json:"given"`

	Params     json.RawMessage `json:"params,omitempty"`
	Serialized *struct {
		Method         string            `json:"method"`
		URI            string            `json:"uri"`
		Body           string            `json:"body,omitempty"`
		Headers        map[string]string `json:"headers,omitempty"`
		RequireHeaders []string          `json:"requireHeaders,omitempty"`
		ForbidHeaders  []string          `json:"forbidHeaders,omitempty"`
	} `json:"serialized,omitempty"`

	Result       json.RawMessage `json:"result,omitempty"`
	Error        json.RawMessage `json:"error,omitempty"`
	ErrorCode    string          `json:"errorCode,omitempty"`
	ErrorMessage string          `json:"errorMessage,omitempty"`
	Response     *struct {
		StatusCode int               `json:"status_code"`
		Headers    map[string]string `json:"headers,omitempty"`
		Body       string            `json:"body,omitempty"`
	} `json:"response,omitempty"`
}
