// Package deptest holds nothing but tests: that packages import each other
// along the layers of docs/architecture.md, test files included; that the
// layers without edges open no file or socket, and that time and contexts begin
// where they may; that every package says what it is for.
//
// The table stands in table_test.go. A package that is not in it fails.
package deptest
