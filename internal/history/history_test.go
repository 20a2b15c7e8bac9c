package history

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * 24 * time.Hour, "1d": 24 * time.Hour, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"": 0, "d": 0, "-1d": 0, "0d": 0, "0h": 0, "-1h": 0, "1.5d": 0, "1d12h": 0, "90": 0, "soon": 0, "100001d": 0, "99999999999999999999d": 0,
	} {
		got, err := ParseAge(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("ParseAge(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestCursor(t *testing.T) {
	for _, want := range []Cursor{{time.UnixMicro(1764514293000001).UTC(), 7}, {time.UnixMicro(0).UTC(), 1}} {
		text, _ := want.MarshalText()
		var got Cursor
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%s is read as %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "1", "1-", "1-0", "1--2", "-", "1-2-3"} {
		if err := new(Cursor).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a place", text)
		}
	}
}

func TestClean(t *testing.T) {
	at := time.Date(2026, 11, 30, 16, 0, 0, 1999, time.FixedZone("", 3600))
	e := Entry{Time: at, From: at, Before: "a\x00b\xffc", After: strings.Repeat("ü", maxText)}.Clean()
	if want := time.Date(2026, 11, 30, 15, 0, 0, 1000, time.UTC); e.Time != want || e.From != want {
		t.Errorf("times are %v and %v, want %v", e.Time, e.From, want)
	}
	if want := "a\uFFFDb\uFFFDc"; e.Before != want {
		t.Errorf("before is %q, want %q", e.Before, want)
	}
	if len(e.After) > maxText || len(e.After) < maxText-5 || !utf8.ValidString(e.After) || !strings.HasSuffix(e.After, "ü…") {
		t.Errorf("after is cut to %d bytes, ending in %q", len(e.After), e.After[len(e.After)-8:])
	}
	if again := e.Clean(); again != e {
		t.Error("what is clean changes when it is cleaned again")
	}
}
