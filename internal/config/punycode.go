package config

import (
	"strings"
	"unicode"
)

// asciiForm is the ASCII form of an internationalized name, for a hint: each
// label in lower case and in Punycode (RFC 3492, RFC 5890). Labels that would
// have to be normalized first (RFC 5891 section 5.3) give none.
func asciiForm(name string) (string, bool) {
	labels := strings.Split(name, ".")
	for i, l := range labels {
		runes := []rune(strings.ToLower(l))
		ascii := true
		for _, r := range runes {
			if r >= 0x80 {
				ascii = false
				if !unicode.IsLetter(r) && !unicode.IsDigit(r) || unicode.Is(unicode.Lm, r) || r >= 0xfb00 && r <= 0xffff {
					return "", false
				}
			}
		}
		if !ascii {
			labels[i] = "xn--" + punycode(runes)
		}
	}
	return strings.Join(labels, "."), true
}

// punycode is the encoding procedure of RFC 3492 section 6.3, with the
// parameters of section 5.
func punycode(in []rune) string {
	const base, tmin, tmax, skew, damp, initialBias, initialN = 36, 1, 26, 38, 700, 72, 128
	digit := func(d int) byte {
		if d < 26 {
			return byte('a' + d)
		}
		return byte('0' + d - 26)
	}
	var out []byte
	for _, r := range in {
		if r < 0x80 {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(initialN), 0, initialBias
	for done := basic; done < len(in); n++ {
		next := rune(unicode.MaxRune + 1)
		for _, r := range in {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range in {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tmin), tmax)
				if q < t {
					break
				}
				out = append(out, digit(t+(q-t)%(base-t)))
				q = (q - t) / (base - t)
			}
			out = append(out, digit(q))
			d := delta / 2
			if done == basic {
				d = delta / damp
			}
			d += d / (done + 1)
			k := 0
			for ; d > (base-tmin)*tmax/2; k += base {
				d /= base - tmin
			}
			bias = k + (base-tmin+1)*d/(d+skew)
			delta = 0
			done++
		}
		delta++
	}
	return string(out)
}
