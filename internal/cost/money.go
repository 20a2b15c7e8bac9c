package cost

import (
	"fmt"
	"strings"
)

// Money is an amount in millionths of a US dollar, so that sums are exact.
type Money int64

const dollar Money = 1_000_000

// maxPrice bounds a price, so that no sum overflows; what the table is for
// costs cents.
const maxPrice = 100 * dollar

// String is the amount in dollars, with two decimals or as many as it has:
// "167900.00", "0.0014", "-12.50".
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	fraction := strings.TrimRight(fmt.Sprintf("%06d", m%dollar), "0")
	return fmt.Sprintf("%s%d.%s", sign, m/dollar, fraction+strings.Repeat("0", max(0, 2-len(fraction))))
}

// MarshalText gives String, since a JSON number would be read as a float.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (m *Money) UnmarshalText(b []byte) error {
	text, negative := strings.CutPrefix(string(b), "-")
	v, err := parseMoney(text)
	if err != nil {
		return err
	}
	if *m = v; negative {
		*m = -v
	}
	return nil
}

// parseMoney reads a decimal number of dollars that is not negative.
func parseMoney(s string) (Money, error) {
	if strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%s is negative", s)
	}
	whole, fraction, point := strings.Cut(s, ".")
	digits := whole + fraction
	if whole == "" || point && fraction == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%q is not a decimal number", s)
	}
	if len(fraction) > 6 {
		return 0, fmt.Errorf("%s has more than six decimals", s)
	}
	if len(whole) > 12 {
		return 0, fmt.Errorf("%s is too much", s)
	}
	var m Money
	for _, d := range digits + strings.Repeat("0", 6-len(fraction)) {
		m = m*10 + Money(d-'0')
	}
	return m, nil
}
