package steps

import (
	"encoding/json"
	"unicode/utf8"
)

// SafeJSON is a value as JSON (RFC 8259) that a person may print on a terminal: the runes that would
// drive it, or reorder what it shows, stand as \u escapes. encoding/json escapes those below U+0020
// only, and many terminals take U+0080 to U+009F for controls just as well. A reader of JSON sees no
// difference.
func SafeJSON(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return escapeHidden(data), nil
}

// escapeHidden escapes what is hidden in JSON. Outside of its strings there is no such rune.
func escapeHidden(data []byte) []byte {
	var out []byte // nil as long as there is nothing to escape
	from := 0
	for i := 0; i < len(data); {
		if c := data[i]; c < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(data[i:])
		if hidden(r) {
			out = appendEscaped(append(out, data[from:i]...), r)
			from = i + n
		}
		i += n
	}
	if out == nil {
		return data
	}
	return append(out, data[from:]...)
}

// appendEscaped appends a rune of the Basic Multilingual Plane as JSON's \uXXXX.
func appendEscaped(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
