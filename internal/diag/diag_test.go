package diag

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestError(t *testing.T) {
	for _, tt := range []struct {
		d    Diagnostic
		want string
	}{
		{Diagnostic{Summary: "it broke"}, "it broke"},
		{Diagnostic{Summary: "it broke", Detail: "there"}, "it broke: there"},
		{Diagnostic{Summary: "it broke", Hint: "mend it"}, "it broke; mend it"},
		{Diagnostic{Summary: "it broke", Detail: "there", Hint: "mend it", Pos: Pos{"a.yaml", 3, 7}}, "a.yaml:3:7: it broke: there; mend it"},
		{Diagnostic{Summary: "it broke", Pos: Pos{File: "a.yaml"}}, "a.yaml: it broke"},
	} {
		if got := tt.d.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}

func TestList(t *testing.T) {
	note, warning, failure := Diagnostic{Severity: Note, Summary: "n"}, Diagnostic{Severity: Warning, Summary: "w"}, Diagnostic{Summary: "e"}
	for _, tt := range []struct {
		list List
		err  string
	}{
		{nil, ""},
		{List{note, warning}, ""},
		{List{note, failure, warning}, "e"},
		{List{failure, {Summary: "f"}}, "e\nf"},
	} {
		err := tt.list.Err()
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.err || tt.list.HasErrors() != (tt.err != "") {
			t.Errorf("%v: Err() = %q, HasErrors() = %v; want %q", tt.list, got, tt.list.HasErrors(), tt.err)
		}
	}
	var d Diagnostic
	if err := (List{failure}).Err(); !errors.As(err, &d) || d != failure {
		t.Errorf("the error of a list holds %+v", d)
	}
}

func TestSeverityText(t *testing.T) {
	for s, want := range map[Severity]string{Error: "error", Warning: "warning", Note: "note"} {
		text, err := s.MarshalText()
		var back Severity = -1
		if err != nil || string(text) != want || back.UnmarshalText(text) != nil || back != s {
			t.Errorf("%d = %q, %v; back as %d", s, text, err, back)
		}
	}
	var s Severity
	if err := s.UnmarshalText([]byte("fatal")); err == nil || err.Error() != `unknown severity "fatal"` {
		t.Errorf("UnmarshalText(fatal) = %v", err)
	}
}

// TestSort holds that the same problems print the same, whatever order they
// were found in.
func TestSort(t *testing.T) {
	want := List{
		{Summary: "no place"},
		{Severity: Note, Summary: "no place"},
		{Summary: "b", Pos: Pos{"a.yaml", 2, 1}},
		{Severity: Warning, Summary: "a", Pos: Pos{"a.yaml", 2, 1}},
		{Summary: "a", Pos: Pos{"a.yaml", 2, 9}},
		{Summary: "a", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Address: "x", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Address: "y", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Address: "y", Account: "1", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Address: "y", Account: "1", Region: "r", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Address: "y", Account: "2", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Detail: "d", Address: "y", Account: "2", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Detail: "d", Hint: "h", Address: "y", Account: "2", Pos: Pos{"a.yaml", 10, 1}},
		{Code: "c", Summary: "a", Detail: "d", Hint: "h", Address: "y", Account: "2", Pos: Pos{"a.yaml", 10, 1}},
		{Summary: "a", Pos: Pos{"b.yaml", 1, 1}},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		got := slices.Clone(want)
		r.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		got.Sort()
		if !slices.Equal(got, want) {
			t.Fatalf("sorted\n got %+v\nwant %+v", got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	for _, tt := range []struct {
		d    Diagnostic
		want string
	}{
		{Diagnostic{Summary: "s"}, `{"severity":"error","summary":"s"}`},
		{Diagnostic{Severity: Note, Code: "c", Summary: "s", Pos: Pos{"f", 1, 2}}, `{"severity":"note","code":"c","summary":"s","pos":{"file":"f","line":1,"column":2}}`},
	} {
		raw, err := json.Marshal(tt.d)
		var back Diagnostic
		if err != nil || string(raw) != tt.want || json.Unmarshal(raw, &back) != nil || back != tt.d {
			t.Errorf("%+v = %s, %v; back as %+v", tt.d, raw, err, back)
		}
	}
}
