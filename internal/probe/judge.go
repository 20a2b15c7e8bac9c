package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Judge says for each name of a request what is not as wanted in a report;
// nothing is right. It looks at the results, not at what the probe thinks of
// them.
func (r Request) Judge(got Report) [][]string {
	out := make([][]string, len(r.Names))
	for i, n := range r.Names {
		if i >= len(got.Results) {
			out[i] = []string{"the report has no result for it"}
			continue
		}
		out[i] = n.judge(got.Results[i])
	}
	return out
}

func (n Name) judge(r Result) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, printable(fmt.Sprintf(format, args...))) }
	addresses := r.Addresses()
	stray := slices.DeleteFunc(slices.Clone(addresses), func(a netip.Addr) bool { return len(n.Want) == 0 || slices.Contains(n.Want, a) })
	switch {
	case r.Name != n.Name || r.Type != n.Type:
		say("the report has a result for %s %s in its place", r.Name, r.Type)
	case r.Error != "":
		say("%s", r.Error)
	case n.None && (r.RCode == "NOERROR" || r.RCode == "NXDOMAIN") && len(addresses) == 0:
	case n.None && len(addresses) > 0:
		say("it has the address %s, and should have none", joined(addresses))
	case r.RCode != "NOERROR":
		say("the answer is %s", r.RCode)
	case len(addresses) == 0:
		say("it has no address")
	case len(stray) > 0:
		say("the answer has %s, and not only %s", joined(stray), joined(n.Want))
	}
	if len(problems) > 0 {
		return problems
	}
	for _, c := range n.Connect {
		for _, a := range addresses[:min(len(addresses), maxTried)] {
			i := slices.IndexFunc(r.Connections, func(x Connection) bool { return x.Address == a && x.Port == c.Port })
			if i < 0 {
				say("%s was not tried", netip.AddrPortFrom(a, c.Port))
			} else if wrong := c.judge(r.Connections[i]); wrong != "" {
				say("%s: %s", netip.AddrPortFrom(a, c.Port), wrong)
			}
		}
	}
	return problems
}

// judge says what is wrong with a connection, the first step that failed.
func (c Connect) judge(got Connection) string {
	status, err := strconv.Atoi(got.HTTP)
	switch {
	case got.TCP != OK:
		return "TCP: " + orNothing(got.TCP)
	case c.TLS && got.TLS != OK:
		return "TLS: " + orNothing(got.TLS)
	case c.Path != "" && (err != nil || status < 100 || status > 999):
		return "HTTP: " + orNothing(got.HTTP)
	}
	return ""
}

func orNothing(s string) string {
	if s == "" {
		return "not tried"
	}
	return s
}

// String is what came of a name, in a few words.
func (r Result) String() string {
	parts := []string{strings.Join(r.Answers, ", ")}
	switch {
	case r.Error != "":
		parts[0] = r.Error
	case r.RCode != "NOERROR":
		parts[0] = r.RCode
	case len(r.Answers) == 0:
		parts[0] = "no address"
	}
	var kinds []string
	for _, c := range r.Connections {
		kind := fmt.Sprintf("%s: TCP %s", netip.AddrPortFrom(c.Address, c.Port), c.TCP)
		if c.TLS != "" {
			kind += ", TLS " + c.TLS
		}
		if c.HTTP != "" {
			kind += ", HTTP " + c.HTTP
		}
		kinds = append(kinds, kind)
	}
	return printable(strings.Join(append(parts, kinds...), "; "))
}

func joined(list []netip.Addr) string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// printable keeps what others wrote from steering a terminal, and short.
func printable(s string) string {
	const most = 2000
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
