package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Timestamp formats, by botocore's names.
const (
	formatISO  = "iso8601"
	formatHTTP = "rfc822"
	formatUnix = "unixTimestamp"
)

// defaultFormat is the format of a timestamp that says nothing itself.
// https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait
func defaultFormat(p Protocol, location string) string {
	switch {
	case location == "header" || location == "headers":
		return formatHTTP
	case location == "" && (p == JSON || p == RestJSON):
		return formatUnix
	}
	return formatISO
}

// formatTime writes fractions only where there are some, in milliseconds.
func formatTime(t time.Time, format string) string {
	t = t.UTC()
	fraction := ""
	if ms := t.Nanosecond() / int(time.Millisecond); ms != 0 {
		fraction = strings.TrimRight(fmt.Sprintf(".%03d", ms), "0")
	}
	switch format {
	case formatHTTP:
		return t.Format("Mon, 02 Jan 2006 15:04:05") + fraction + " GMT"
	case formatUnix:
		return strconv.FormatInt(t.Unix(), 10) + fraction
	}
	return t.Format("2006-01-02T15:04:05") + fraction + "Z"
}

// parseTime accepts the wanted format, and the ISO form everywhere.
func parseTime(s, format string) (time.Time, error) {
	if format == formatUnix {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return unixTime(f)
		}
	}
	if format == formatHTTP {
		for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 2 Jan 2006 15:04:05 GMT"} {
			if t, err := time.Parse(layout, s); err == nil {
				return t, nil
			}
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a timestamp", s)
}

// unixTime rounds to milliseconds; the years are those that every format can hold.
func unixTime(f float64) (time.Time, error) {
	if math.IsNaN(f) || f < -62135596800 || f >= 253402300800 {
		return time.Time{}, fmt.Errorf("%v is not a timestamp", f)
	}
	return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), nil
}

// parseScalar reads the text form of a scalar, as XML, forms, headers, query
// strings and labels have it.
func parseScalar(m *member, s string) (any, error) {
	switch m.shape.kind {
	case kindString:
		return s, nil
	case kindBool:
		switch strings.ToLower(s) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("%q is not a boolean", s)
	case kindInt:
		return parseInt(m.shape, s)
	case kindFloat:
		return parseFloat(s)
	case kindBlob:
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil, fmt.Errorf("not base64: %w", err)
		}
		return b, nil
	case kindTime:
		return parseTime(s, m.format)
	}
	return nil, fmt.Errorf("a %s cannot be read from text", m.shape.name)
}

func parseInt(s *shape, text string) (any, error) {
	bits := s.bits
	if bits == 0 {
		bits = 64
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return nil, fmt.Errorf("%q is not an integer of %d bits", text, bits)
	}
	return n, nil
}

// parseFloat takes NaN, Infinity and -Infinity for what JSON and XML lack.
func parseFloat(s string) (any, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not a number", s)
	}
	return f, nil
}

func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// formatScalar is the inverse of parseScalar.
func formatScalar(m *member, v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return formatFloat(v), nil
	case []byte:
		return base64.StdEncoding.EncodeToString(v), nil
	case time.Time:
		return formatTime(v, m.format), nil
	case json.Number:
		return v.String(), nil
	}
	return "", fmt.Errorf("a %T cannot be written as text", v)
}
