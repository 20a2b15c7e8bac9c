package dns

import (
	"fmt"
	"net"
	"slices"
	"strings"

	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/resolve"
)

// Route 53 sends at most 4,096 bytes over UDP, with EDNS0 (DNSBehavior.html).
const maxUDP = 4096

type answerer func(q mdns.Question, name dnsname.Name) resolve.Answer

// handler turns queries into answers.
type handler struct {
	answer    answerer
	recursive bool // a resolver, not a name server
}

func (h handler) ServeDNS(w mdns.ResponseWriter, req *mdns.Msg) {
	reply := h.reply(req)
	if reply == nil {
		return // silence is the answer
	}
	size := mdns.MaxMsgSize
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		size = mdns.MinMsgSize
		if opt := req.IsEdns0(); opt != nil {
			size = min(max(size, int(opt.UDPSize())), maxUDP)
		}
	}
	reply.Truncate(size) // and compresses, if that helps
	if err := w.WriteMsg(reply); err != nil {
		// The client is gone, or a value that parsed does not pack; say what
		// can be said.
		reply.Answer, reply.Ns, reply.Extra = nil, nil, nil
		reply.Rcode = mdns.RcodeServerFailure
		_ = w.WriteMsg(reply)
	}
}

// reply makes the message that answers req, nil for silence.
func (h handler) reply(req *mdns.Msg) *mdns.Msg {
	m := new(mdns.Msg)
	m.SetReply(req)
	m.RecursionAvailable = h.recursive
	m.Compress = true
	opt := req.IsEdns0()
	if opt != nil {
		m.SetEdns0(maxUDP, false)
	}
	refuse := func(rcode int, text string) *mdns.Msg {
		m.Rcode = rcode
		explain(m, text)
		return m
	}
	switch {
	case req.Opcode != mdns.OpcodeQuery:
		return refuse(mdns.RcodeNotImplemented, "only queries are answered")
	case len(req.Question) != 1:
		return refuse(mdns.RcodeFormatError, "a query asks one question")
	case opt != nil && opt.Version() != 0:
		return refuse(mdns.RcodeBadVers, "")
	case req.Question[0].Qclass != mdns.ClassINET:
		return refuse(mdns.RcodeRefused, "only class IN is served")
	case h.recursive && !req.RecursionDesired:
		return refuse(mdns.RcodeRefused, "R1.1: recursive queries only")
	}
	q := req.Question[0]
	if q.Qtype == mdns.TypeAXFR || q.Qtype == mdns.TypeIXFR {
		return refuse(mdns.RcodeRefused, "no zone transfers")
	}
	if q.Qtype == mdns.TypeANY || mdns.TypeToString[q.Qtype] == "" {
		return refuse(mdns.RcodeNotImplemented, "query type not supported")
	}
	name, err := parseName(q.Name)
	if err != nil {
		return refuse(mdns.RcodeFormatError, err.Error())
	}
	return fill(m, h.answer(q, name))
}

// fill writes an answer into a reply.
func fill(m *mdns.Msg, a resolve.Answer) *mdns.Msg {
	switch a.Outcome {
	case resolve.NoResponse:
		return nil
	case resolve.NoError:
		m.Rcode = mdns.RcodeSuccess
	case resolve.NXDomain:
		m.Rcode = mdns.RcodeNameError
	case resolve.Refused:
		m.Rcode = mdns.RcodeRefused
		explain(m, last(a))
	default: // ServFail, and what the estate cannot tell
		m.Rcode = mdns.RcodeServerFailure
		explain(m, last(a))
		return m
	}
	m.Authoritative = a.Authoritative
	var sections [3][]mdns.RR
	for i, records := range [][]resolve.RR{a.Records, a.Authority, a.Additional} {
		for _, r := range records {
			rr, err := wireRR(r)
			if err != nil {
				m.Rcode = mdns.RcodeServerFailure
				explain(m, err.Error())
				return m
			}
			sections[i] = append(sections[i], rr)
		}
	}
	m.Answer, m.Ns = sections[0], sections[1]
	m.Extra = append(m.Extra, sections[2]...)
	return m
}

// last is the step that ended the evaluation.
func last(a resolve.Answer) string {
	if len(a.Trace) == 0 {
		return string(a.Outcome)
	}
	s := a.Trace[len(a.Trace)-1]
	return fmt.Sprintf("%s %s: %s", a.Outcome, s.Rule, s.Text)
}

// explain adds the reason as an extended error (RFC 8914), for clients that
// speak EDNS0.
func explain(m *mdns.Msg, text string) {
	if opt := m.IsEdns0(); opt != nil && text != "" {
		opt.Option = append(opt.Option, &mdns.EDNS0_EDE{InfoCode: mdns.ExtendedErrorCodeOther, ExtraText: text})
	}
}

func wireRR(r resolve.RR) (mdns.RR, error) {
	if !r.Alias.IsZero() {
		return nil, fmt.Errorf("%s is an alias for %s, whose addresses are not known", r.Name, r.Alias)
	}
	rr, err := mdns.NewRR(fmt.Sprintf("%s %d IN %s %s", presentation(r.Name), r.TTL, r.Type, reescape(r.Value, 8, "%03d")))
	if err == nil && rr == nil {
		err = fmt.Errorf("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("value %q of %s %s: %w", r.Value, r.Name, r.Type, err)
	}
	return rr, nil
}

// parseName reads a name as the library writes it: `\DDD` is decimal and `\X`
// is X (RFC 1035 section 5.1).
func parseName(s string) (dnsname.Name, error) {
	var labels [][]byte
	for _, l := range mdns.SplitDomainName(s) {
		var raw []byte
		for i := 0; i < len(l); i++ {
			c := l[i]
			if c == '\\' && i+3 < len(l) && digits(l[i+1:i+4]) {
				c, i = (l[i+1]-'0')*100+(l[i+2]-'0')*10+l[i+3]-'0', i+3
			} else if c == '\\' && i+1 < len(l) {
				c, i = l[i+1], i+1
			}
			raw = append(raw, c)
		}
		labels = append(labels, raw)
	}
	return dnsname.FromLabels(labels)
}

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// presentation writes a name for the library.
func presentation(n dnsname.Name) string {
	var b strings.Builder
	for _, l := range n.Labels() {
		for _, c := range l {
			switch {
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '*':
				b.WriteByte(c)
			default:
				fmt.Fprintf(&b, `\%03d`, c)
			}
		}
		b.WriteByte('.')
	}
	if b.Len() == 0 {
		return "."
	}
	return b.String()
}

// reescape changes the number base of `\NNN` in a value: Route 53 writes octal
// (ResourceRecordTypes.html), master files decimal (RFC 1035 section 5.1).
func reescape(v string, from int, format string) string {
	if !strings.Contains(v, `\`) {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' || i+1 == len(v) {
			b.WriteByte(v[i])
			continue
		}
		if i+3 < len(v) && digits(v[i+1:i+4]) {
			n := 0
			for _, d := range v[i+1 : i+4] {
				n = n*from + int(d-'0')
			}
			fmt.Fprintf(&b, `\`+format, n)
			i += 3
			continue
		}
		b.WriteString(v[i : i+2])
		i++
	}
	return b.String()
}

// records reads the records of a section, without EDNS0's.
func records(section []mdns.RR) ([]resolve.RR, error) {
	var out []resolve.RR
	for _, rr := range section {
		h := rr.Header()
		if h.Rrtype == mdns.TypeOPT {
			continue
		}
		name, err := parseName(h.Name)
		if err != nil {
			return nil, err
		}
		value := strings.TrimPrefix(rr.String(), h.String())
		out = append(out, resolve.RR{
			Name: name, Type: mdns.TypeToString[h.Rrtype], TTL: h.Ttl, Value: reescape(value, 10, "%03o"),
		})
	}
	return slices.Clip(out), nil
}
