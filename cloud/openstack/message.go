package openstack

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"matou/cloud"
)

// maxMessage bounds what is quoted of a remote service, in bytes.
const maxMessage = 300

// message finds the sentence for people in the body of an error. Each service wraps it in its own
// way: Nova {"badRequest": {"message"}}, Keystone {"error": {"message"}}, Glance {"message"} with
// HTML in it, Neutron {"NeutronError": {"message"}}, Placement {"errors": [{"detail"}]}, and what
// stands before them (haproxy, uwsgi, Apache) answers in HTML or plain text.
func message(body []byte) string {
	text := string(body[:min(len(body), 64<<10)])
	var envelope map[string]json.RawMessage
	if json.Unmarshal(body, &envelope) == nil {
		text = sentence(envelope, 3)
	}
	text = html.UnescapeString(markup.ReplaceAllString(text, " "))
	return shorten(withoutEcho(text))
}

// sentence looks for a message in an envelope and, so deep, in the envelopes inside it.
func sentence(envelope map[string]json.RawMessage, depth int) string {
	for _, key := range []string{"message", "detail", "faultstring", "error_message", "title"} {
		var text string
		if json.Unmarshal(envelope[key], &text) == nil && strings.TrimSpace(text) != "" {
			return text
		}
	}
	if depth == 0 {
		return ""
	}
	for _, key := range sortedKeys(envelope) {
		raw := envelope[key]
		var text string
		var inner map[string]json.RawMessage
		var list []map[string]json.RawMessage
		switch {
		case json.Unmarshal(raw, &inner) == nil:
			text = sentence(inner, depth-1)
		case json.Unmarshal(raw, &list) == nil && len(list) > 0:
			text = sentence(list[0], depth-1)
		case len(envelope) == 1:
			_ = json.Unmarshal(raw, &text) // {"NeutronError": "text"}; anything else leaves it empty
		}
		if text != "" {
			return text
		}
	}
	return ""
}

var (
	markup = regexp.MustCompile(`(?is)<head.*?</head>|<style.*?</style>|<script.*?</script>|<!--.*?-->|</?[a-z!][^<>]*>`)
	echo   = regexp.MustCompile(`(?s)^(Invalid input for field/attribute [^ ]+)\. Value: .*' (.*)$`)
)

// withoutEcho drops the value that Nova's schema errors repeat, twice: user-data of 93 kB comes
// back in an error of 187 kB, and it may hold passwords.
func withoutEcho(text string) string {
	if before, _, found := strings.Cut(text, ". Value: "); found && strings.HasPrefix(before, "Invalid input") {
		if m := echo.FindStringSubmatch(text); m != nil && len(m[2]) < 80 {
			return m[1] + ": " + m[2]
		}
		return before
	}
	return text
}

// shorten makes hostile or endless text fit for one line of an error.
func shorten(text string) string {
	text = strings.Join(strings.Fields(cloud.Clean(text[:min(len(text), 16<<10)])), " ")
	text = strings.TrimRight(text, " .")
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.TrimRight(text[:cut], " ") + "…"
}
