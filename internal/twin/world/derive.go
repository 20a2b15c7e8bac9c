package world

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Derived makes an identifier in EC2's form of a resource that comes with
// another one, such as the default security group of a VPC. What can be derived
// needs no place in the state.
func Derived(prefix, of string) string {
	return fmt.Sprintf("%s-0%x", prefix, sha256.Sum256([]byte(prefix+"/"+of)))[:len(prefix)+18]
}

// Addresses are n public IPv4 addresses and, with six, as many IPv6 addresses
// of a resource, derived from its identifier. They lie in 198.18.0.0/15, which
// is for benchmarks (RFC 2544), and in 2001:db8::/32, which is for
// documentation (RFC 3849): nobody has them. The IPv4 ranges for documentation
// are too small to tell resources apart.
func Addresses(id string, n int, six bool) []netip.Addr {
	var out []netip.Addr
	for i := range n {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", id, i))
		out = append(out, netip.AddrFrom4([4]byte{198, 18 | sum[0]&1, sum[1], sum[2]}))
	}
	for i := range n {
		if six {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", id, i))
			a := [16]byte{0x20, 0x01, 0x0d, 0xb8}
			copy(a[4:], sum[:12])
			out = append(out, netip.AddrFrom16(a))
		}
	}
	return out
}

// AddressIn is an address of a subnet, derived from who has it. The first four
// and the last are reserved (VPC User Guide, subnet-sizing.html).
func AddressIn(subnet netip.Prefix, who string) netip.Addr {
	sum := sha256.Sum256([]byte(who))
	usable := uint32(1)<<(32-subnet.Bits()) - 5
	base := subnet.Masked().Addr().As4()
	var out [4]byte
	binary.BigEndian.PutUint32(out[:], binary.BigEndian.Uint32(base[:])+4+binary.BigEndian.Uint32(sum[:])%usable)
	return netip.AddrFrom4(out)
}
