package model

import (
	"fmt"
	"path"
	"strings"
)

// An OperationList is one entry of operations.txt: a service, by its folder in
// botocore, and the operations wanted of it.
type OperationList struct {
	Service string
	globs   []string
}

// Has reports whether the operation is wanted: the last matching pattern
// decides, and a pattern after "!" takes away.
func (l OperationList) Has(operation string) bool {
	wanted := false
	for _, glob := range l.globs {
		pattern, not := strings.CutPrefix(glob, "!")
		if ok, _ := path.Match(pattern, operation); ok { // checked by ParseOperations
			wanted = !not
		}
	}
	return wanted
}

// Names returns the operations that are listed literally.
func (l OperationList) Names() []string {
	var names []string
	for _, glob := range l.globs {
		if !strings.ContainsAny(glob, "!*?[") {
			names = append(names, glob)
		}
	}
	return names
}

// ParseOperations reads operations.txt: "service: pattern pattern ...", where a
// line that begins with a blank continues the one before and "#" begins a comment.
func ParseOperations(text string) ([]OperationList, error) {
	var lists []OperationList
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if line[0] != ' ' {
			service, ok := strings.CutSuffix(words[0], ":")
			if !ok {
				return nil, fmt.Errorf("operations.txt:%d: %q does not end with a colon", n+1, words[0])
			}
			lists = append(lists, OperationList{Service: service})
			words = words[1:]
		}
		if len(lists) == 0 {
			return nil, fmt.Errorf("operations.txt:%d: patterns before the first service", n+1)
		}
		for _, word := range words {
			if _, err := path.Match(strings.TrimPrefix(word, "!"), ""); err != nil {
				return nil, fmt.Errorf("operations.txt:%d: %q: %w", n+1, word, err)
			}
		}
		last := &lists[len(lists)-1]
		last.globs = append(last.globs, words...)
	}
	return lists, nil
}
