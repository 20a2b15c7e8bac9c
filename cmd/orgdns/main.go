// Command orgdns makes DNS names work across the accounts of an AWS
// organization.
package main

import (
	"os"

	"github.com/orgdns/orgdns/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
}
