// Package twintest holds tests that need the twin and the ports on AWS
// together: orgdns as it runs, against an AWS that is not there. Everything in
// it is a test.
package twintest
