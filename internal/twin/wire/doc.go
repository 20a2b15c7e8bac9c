// Package wire speaks the AWS wire protocols from the server's side: query,
// ec2, rest-xml, rest-json and json (1.0 and 1.1). It is driven by shape tables
// that are embedded (models/), so one codec serves every service.
//
// The way of a call: a [Router] finds the operation of an HTTP request
// ([Request]), Request.Decode gives its input as a value tree ([Tree]),
// Operation.Validate judges the tree by the shape's constraints, a [Mux] fills
// the SDK's input struct, calls the handler and turns the output struct back
// into a tree, and Operation.Encode or Operation.EncodeError write the answer.
//
// Signatures, authorization, throttling and state are not here; the signing
// name, the operation's name and the decoded tree are what they need. Event
// streams, and in handlers documents and unions whose members they do not name
// ([Handler.Union]), are refused when a handler is registered. The tables change by internal/trim alone, which needs botocore;
// nothing else is generated. The protocols are those of https://smithy.io/2.0/aws/protocols/.
package wire
