// Package examples holds the example configurations, so that `orgdns demo` runs
// without a checkout.
package examples

import "embed"

// FS has a folder an example: orgdns.yaml and its neighbours, and for acme the
// estate from which its twin starts.
//
//go:embed acme privatezone endpointshare-profile endpointshare-resolver duplicates lattice
var FS embed.FS
