package remote

import "strings"

// Quote makes s one word of a POSIX shell, whatever is in it (XCU 2.2.2, single quotes). A NUL byte
// cannot be part of a word and is left out. Plain words stay as they are, so that a command reads
// as a person would type it.
func Quote(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if s == "" {
		return "''"
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%_+:,./-", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
