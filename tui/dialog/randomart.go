package dialog

import (
	"encoding/base64"
	"strings"
)

// The field of the walk, in cells, and what stands in a cell after so many visits. The last two mark where
// the walk began and ended.
const (
	artColumns = 17
	artRows    = 9
	artVisits  = " .o+=*BOX@%&#/^SE"
)

// randomart draws the SHA-256 fingerprint of a key as ssh -o VisualHostKey=yes and ssh-keygen -lv do, for
// people to compare two at a glance: a walk over a field, two bits a move, that counts its visits. It is nil
// for any other fingerprint. The walk is described by Loss, Limmer and von Gernler in "The drunken bishop: An
// analysis of the OpenSSH fingerprint visualization algorithm" (2009); the frame is that of OpenSSH.
func randomart(fingerprint, keyType, bits string) []string {
	text, ok := strings.CutPrefix(fingerprint, "SHA256:")
	sum, err := base64.RawStdEncoding.DecodeString(text)
	if !ok || err != nil || len(sum) != 32 {
		return nil
	}
	const begun, ended = len(artVisits) - 2, len(artVisits) - 1
	var field [artRows][artColumns]int
	x, y := artColumns/2, artRows/2
	for _, b := range sum {
		for range 4 {
			x = max(0, min(artColumns-1, x-1+int(b&1)*2))
			y = max(0, min(artRows-1, y-1+int(b>>1&1)*2))
			field[y][x] = min(field[y][x]+1, begun-1)
			b >>= 2
		}
	}
	field[artRows/2][artColumns/2], field[y][x] = begun, ended
	lines := []string{artEdge(artTitle(keyType, bits))}
	for _, row := range field {
		line := []byte{'|'}
		for _, visits := range row {
			line = append(line, artVisits[visits])
		}
		lines = append(lines, string(append(line, '|')))
	}
	return append(lines, artEdge("[SHA256]"))
}

// artTitle names a key as OpenSSH does above its picture; empty for a type it does not have.
func artTitle(keyType, bits string) string {
	name := ""
	for _, t := range []struct{ part, name string }{ // what has more in its name comes first
		{"sk-ssh-ed25519", "ED25519-SK"}, {"sk-ecdsa", "ECDSA-SK"}, {"ssh-ed25519", "ED25519"}, {"ecdsa-sha2", "ECDSA"}, {"ssh-rsa", "RSA"},
	} {
		if strings.HasPrefix(keyType, t.part) {
			name = t.name
			break
		}
	}
	switch title := "[" + name + " " + bits + "]"; {
	case name == "":
		return ""
	case bits == "" || bits == "0" || len(title) > artColumns:
		return "[" + name + "]"
	default:
		return title
	}
}

// artEdge is a border of the picture with a text in its middle.
func artEdge(text string) string {
	left := (artColumns - len(text)) / 2
	return "+" + strings.Repeat("-", left) + text + strings.Repeat("-", artColumns-left-len(text)) + "+"
}
