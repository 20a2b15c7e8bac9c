// Package probe is a look from inside a VPC: what is asked ([Request]), what
// came of it ([Report]), and whether that is as wanted. A name is asked of the
// VPC's resolver, and its addresses are connected to.
//
// It opens no socket: that does a [Network], which is package probe/inside on a
// real machine and a reading of the estate on the twin.
package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// What a request may hold. A probe may stand where others can call it, so it
// does no more than its own work needs.
const (
	MaxSize     = 1 << 20 // bytes of a request, and of a report
	MaxNames    = 200
	MaxConnects = 16 // of a name
	maxWant     = 64
	maxPath     = 1024
	maxAnswers  = 32 // records of an answer that are kept
	maxTried    = 16 // addresses of an answer that are connected to
)

// Request is what to look at.
type Request struct {
	Resolver Resolver `json:"resolver,omitzero"`
	Names    []Name   `json:"names"`
}

// Resolver is whom to ask; zero is the system's, which in a VPC is the VPC's.
// Its text is "system", an address, or an address and a port.
type Resolver struct{ netip.AddrPort }

// IsZero reports whether the system's resolver is meant.
func (r Resolver) IsZero() bool { return !r.IsValid() }

func (r Resolver) MarshalText() ([]byte, error) {
	if r.IsZero() {
		return []byte("system"), nil
	}
	return r.AddrPort.MarshalText()
}

// UnmarshalText reads what MarshalText wrote; the port is 53 when none is given.
func (r *Resolver) UnmarshalText(b []byte) error {
	*r = Resolver{}
	s := string(b)
	if s == "" || s == "system" {
		return nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		r.AddrPort = netip.AddrPortFrom(a, 53)
		return nil
	}
	at, err := netip.ParseAddrPort(s)
	if err != nil || at.Port() == 0 {
		return fmt.Errorf("%q is no resolver; write system, an address, or an address and a port as in 10.0.0.2:53", s)
	}
	r.AddrPort = at
	return nil
}

// Name is a name to ask for, and what is wanted of it: any address, or if Want
// has some none but these, or if None is set no address at all.
type Name struct {
	Name    dnsname.Name `json:"name"`
	Type    string       `json:"type,omitempty"` // A or AAAA; A when empty
	Want    []netip.Addr `json:"want,omitempty"`
	None    bool         `json:"none,omitempty"`
	Connect []Connect    `json:"connect,omitempty"` // to each address that is answered
}

// Connect is a connection to make.
type Connect struct {
	Port uint16 `json:"port"`
	TLS  bool   `json:"tls,omitempty"`
	// ServerName is what the certificate must be for, and the host of an HTTP
	// request; zero for the name that was asked for.
	ServerName dnsname.Name `json:"serverName,omitzero"`
	// Path is asked for by HTTP GET, over TLS if that is set; empty for no
	// question. Any status is an answer.
	Path string `json:"path,omitempty"`
}

// Report is what came of a request: a result for each name, in its order.
type Report struct {
	Results []Result `json:"results"`
}

// Result is what came of a name.
type Result struct {
	Name        dnsname.Name  `json:"name"`
	Type        string        `json:"type"`
	RCode       string        `json:"rcode,omitempty"` // NOERROR, NXDOMAIN, …; empty with Error
	Answers     []string      `json:"answers,omitempty"`
	Error       string        `json:"error,omitempty"` // why there is no answer
	Connections []Connection  `json:"connections,omitempty"`
	Duration    time.Duration `json:"duration"` // nanoseconds, of all of it
}

// OK is the result of a step that went well; any other text says what is wrong.
const OK = "ok"

// Connection is what came of a connection to one address.
type Connection struct {
	Address          netip.Addr `json:"address"`
	Port             uint16     `json:"port"`
	TCP              string     `json:"tcp"`           // OK, or what is wrong
	TLS              string     `json:"tls,omitempty"` // OK, or what is wrong; empty when it was not tried
	CertificateNames []string   `json:"certificateNames,omitempty"`
	HTTP             string     `json:"http,omitempty"` // the status, or what is wrong; empty when it was not tried
}

// Addresses are the addresses in the answer, in its order.
func (r Result) Addresses() []netip.Addr {
	var out []netip.Addr
	for _, s := range r.Answers {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// ReadRequest reads a request from JSON and checks it.
func ReadRequest(from io.Reader) (Request, error) {
	var r Request
	if err := read(from, &r, true); err != nil {
		return r, fmt.Errorf("the probe's request: %w", err)
	}
	return r, r.Check()
}

// ReadReport reads a report, also as `orgdns probe --output json` prints it.
// Nothing in it is believed beyond its form.
func ReadReport(from io.Reader) (Report, error) {
	var r struct {
		Report
		Result *Report `json:"result"`
	}
	err := read(from, &r, false)
	if r.Result != nil {
		r.Report = *r.Result
	}
	if err == nil && r.Results == nil {
		err = errors.New("it has no results")
	}
	if err != nil {
		return Report{}, fmt.Errorf("the probe's report: %w", err)
	}
	return r.Report, nil
}

func read(from io.Reader, into any, strict bool) error {
	raw, err := io.ReadAll(io.LimitReader(from, MaxSize+1))
	if err != nil {
		return err
	}
	if len(raw) > MaxSize {
		return fmt.Errorf("it is longer than %d bytes", MaxSize)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

// Check says what is wrong with a request, and fills in what is left out.
func (r *Request) Check() error {
	if len(r.Names) == 0 {
		return errors.New("the probe has no name to ask for")
	}
	if len(r.Names) > MaxNames {
		return fmt.Errorf("the probe has %d names to ask for; the most is %d", len(r.Names), MaxNames)
	}
	for i := range r.Names {
		if err := r.Names[i].check(); err != nil {
			return fmt.Errorf("name %d of the probe, %s: %w", i+1, r.Names[i].Name, err)
		}
	}
	return nil
}

func (n *Name) check() error {
	if n.Type == "" {
		n.Type = "A"
	}
	switch {
	case n.Name.IsZero() || n.Name.IsWildcard():
		return errors.New("write a whole name, and for a wildcard one below it")
	case n.Type != "A" && n.Type != "AAAA":
		return fmt.Errorf("its type is %q; it must be A or AAAA", n.Type)
	case n.None && len(n.Want)+len(n.Connect) > 0:
		return errors.New("it is to have no address, and addresses or connections, too; keep one")
	case len(n.Want) > maxWant:
		return fmt.Errorf("it wants %d addresses; the most is %d", len(n.Want), maxWant)
	case len(n.Connect) > MaxConnects:
		return fmt.Errorf("it has %d connections; the most is %d", len(n.Connect), MaxConnects)
	}
	for i, c := range n.Connect {
		_, err := url.ParseRequestURI(c.Path)
		switch {
		case c.Port == 0:
			return errors.New("a connection has no port; write one of 1 to 65535")
		case slices.ContainsFunc(n.Connect[:i], func(d Connect) bool { return d.Port == c.Port }):
			return fmt.Errorf("port %d stands twice; keep one", c.Port)
		case !c.ServerName.IsZero() && !c.TLS && c.Path == "":
			return fmt.Errorf("port %d has a server name, and neither TLS nor a path; remove it", c.Port)
		case c.Path != "" && (err != nil || !strings.HasPrefix(c.Path, "/") || len(c.Path) > maxPath):
			return fmt.Errorf("%q is no path; write it as in /health", c.Path)
		}
	}
	return nil
}
