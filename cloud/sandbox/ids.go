package sandbox

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// newID is a random UUID, version 4 of RFC 9562.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return formatUUID(b, 4)
}

// nameID is the UUID that belongs to a name, as version 5 of RFC 9562 makes them.
func nameID(kind, name string) string {
	sum := sha1.Sum([]byte("matou sandbox\x00" + kind + "\x00" + name))
	return formatUUID([16]byte(sum[:16]), 5)
}

// hexID is nameID the way Keystone writes ids: without dashes.
func hexID(kind, name string) string { return strings.ReplaceAll(nameID(kind, name), "-", "") }

func formatUUID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isUUID tells whether s has the form of a UUID, dashes or not, as the Compute API accepts it.
func isUUID(s string) bool {
	s = strings.ReplaceAll(s, "-", "")
	if len(s) != 32 {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}

// newSecret is n random bytes in the alphabet that URLs and headers carry as they are.
func newSecret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// newWord is n random letters and digits, such as nova makes admin passwords of.
func newWord(n int) string {
	const alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	return pick(alphabet, n)
}

// newReservation is an id such as nova gives to servers made in one request.
func newReservation() string { return "r-" + pick("abcdefghijklmnopqrstuvwxyz0123456789", 8) }

func pick(alphabet string, n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// newMAC is an address in the range that Neutron gives to ports.
func newMAC() string {
	var b [3]byte
	rand.Read(b[:])
	return fmt.Sprintf("fa:16:3e:%02x:%02x:%02x", b[0], b[1], b[2])
}
