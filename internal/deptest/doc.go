// Package deptest holds nothing but tests, of what the compiler does not see:
// that packages import each other along the layers of docs/architecture.md, test
// files included; that time, contexts and output begin where they may; that every
// package says what it is for; and that the places which documents name are
// there.
//
// The layers stand in table_test.go. A package that is not there fails.
package deptest
