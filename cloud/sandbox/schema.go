package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxUserData is the longest user_data in base64, in bytes.
const maxUserData = 65535

// property is what the API's schema says about one property of a server to be created. The checks
// answer in the words of Python's jsonschema, which is what a real cloud answers with.
type property struct {
	since, until int // minor microversions; 0 is no bound
	check        func(key string, v any, minor int) string
}

// createSchema is the part of Nova's schema for POST /servers that means something here. What it
// allows and the sandbox has no use for is accepted and ignored.
var createSchema = map[string]property{
	"name":                          {check: checkNameValue},
	"imageRef":                      {check: checkImageRef},
	"flavorRef":                     {check: checkText(1, 0)},
	"adminPass":                     {check: checkText(0, 0)},
	"metadata":                      {check: checkMetadataValue},
	"networks":                      {check: checkNetworks},
	"user_data":                     {check: checkUserData},
	"key_name":                      {check: checkText(1, 255)},
	"security_groups":               {check: checkKind("array")},
	"availability_zone":             {check: checkText(1, 255)},
	"min_count":                     {check: checkCount},
	"max_count":                     {check: checkCount},
	"return_reservation_id":         {check: checkBool},
	"config_drive":                  {check: checkBool},
	"block_device_mapping":          {check: checkKind("array")},
	"block_device_mapping_v2":       {check: checkKind("array")},
	"accessIPv4":                    {check: checkText(0, 0)},
	"accessIPv6":                    {check: checkText(0, 0)},
	"OS-DCF:diskConfig":             {check: checkText(1, 0)},
	"personality":                   {until: 56, check: checkKind("array")},
	"description":                   {since: 19, check: checkDescription},
	"tags":                          {since: 52, check: checkKind("array")},
	"trusted_image_certificates":    {since: 63, check: checkAny},
	"host":                          {since: 74, check: checkText(1, 255)},
	"hypervisor_hostname":           {since: 74, check: checkText(1, 255)},
	"hostname":                      {since: 90, check: checkText(1, 63)},
	"os:scheduler_hints":            {check: checkKind("object")},
	"OS-SCH-HNT:scheduler_hints":    {check: checkKind("object")},
	"os:trusted_image_certificates": {since: 63, check: checkAny},
}

// checkBody finds the server in the body of a create and what is wrong with its form.
func checkBody(c *call) (server object, text string) {
	var body any
	if err := c.decode(&body); err != nil {
		return nil, "Malformed request body"
	}
	top, ok := body.(object)
	if !ok {
		return nil, clip(pyValue(body)) + " is not of type 'object'"
	}
	value, ok := top["server"]
	if !ok {
		return nil, "'server' is a required property"
	}
	server, ok = value.(object)
	if !ok {
		return nil, invalid("server", value, clip(pyValue(value))+" is not of type 'object'")
	}
	required := []string{"name", "flavorRef"}
	if c.minor >= 37 {
		required = append(required, "networks")
	}
	for _, key := range sortedKeys(server) {
		p, known := createSchema[key]
		if !known || p.since > c.minor || p.until > 0 && c.minor > p.until {
			return nil, invalid("server", value, fmt.Sprintf("Additional properties are not allowed (%s was unexpected)", pyString(clip(key))))
		}
		if text := p.check(key, server[key], c.minor); text != "" {
			return nil, text
		}
	}
	for _, key := range required {
		if _, ok := server[key]; !ok {
			return nil, invalid("server", value, fmt.Sprintf("'%s' is a required property", key))
		}
	}
	return server, ""
}

// invalid is the sentence about a value that the schema refuses. The real one echoes the value in
// full, however long; here it is cut.
func invalid(key string, v any, why string) string {
	value := pyValue(v)
	if s, ok := v.(string); ok {
		value = s
	}
	return fmt.Sprintf("Invalid input for field/attribute %s. Value: %s. %s", clip(key), clip(value), why)
}

// jsonKind is the name JSON Schema has for a value's type.
func jsonKind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case object:
		return "object"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	}
	return "unknown"
}

func checkAny(string, any, int) string { return "" }

func checkKind(kinds ...string) func(string, any, int) string {
	return func(key string, v any, _ int) string {
		if slices.Contains(kinds, jsonKind(v)) {
			return ""
		}
		return invalid(key, v, clip(pyValue(v))+" is not of type '"+strings.Join(kinds, "', '")+"'")
	}
}

// checkText wants a string of least to most characters; most 0 is no bound.
func checkText(least, most int) func(string, any, int) string {
	return func(key string, v any, minor int) string {
		if text := checkKind("string")(key, v, minor); text != "" {
			return text
		}
		s := v.(string)
		switch n := utf8.RuneCountInString(s); {
		case n < least:
			return invalid(key, v, pyString(s)+" is too short")
		case most > 0 && n > most:
			return invalid(key, v, pyString(clip(s))+" is too long")
		}
		return ""
	}
}

func checkNameValue(key string, v any, minor int) string {
	if text := checkText(1, 255)(key, v, minor); text != "" {
		return text
	}
	return checkName(v.(string))
}

// checkName says what is wrong with a server's name.
func checkName(s string) string {
	if s == "" || utf8.RuneCountInString(s) > 255 {
		return checkText(1, 255)("name", s, 0)
	}
	printable := !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) && r != ' ' })
	if !printable || strings.TrimSpace(s) != s {
		return "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with whitespace."
	}
	return ""
}

func checkDescription(key string, v any, minor int) string {
	if v == nil {
		return ""
	}
	return checkText(0, 255)(key, v, minor)
}

func checkImageRef(key string, v any, minor int) string {
	if text := checkKind("string")(key, v, minor); text != "" {
		return text
	}
	if s := v.(string); s != "" && !isUUID(s) {
		return invalid(key, v, pyString(clip(s))+" is not valid under any of the given schemas")
	}
	return ""
}

func checkMetadataValue(key string, v any, minor int) string {
	if text := checkKind("object")(key, v, minor); text != "" {
		return text
	}
	m := v.(object)
	for _, k := range sortedKeys(m) {
		if !spelled(k, metadataChars) {
			return invalid(key, v, pyString(clip(k))+" does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{1,255}$'")
		}
		if text := checkText(0, 255)(k, m[k], minor); text != "" {
			return text
		}
	}
	return ""
}

func checkNetworks(key string, v any, minor int) string {
	if minor < 37 {
		return checkKind("array")(key, v, minor)
	}
	if s, ok := v.(string); jsonKind(v) == "array" || ok && (s == "auto" || s == "none") {
		return ""
	}
	return invalid(key, v, clip(pyValue(v))+" is not valid under any of the given schemas")
}

func checkUserData(key string, v any, minor int) string {
	if text := checkText(0, maxUserData)(key, v, minor); text != "" {
		return text
	}
	if _, err := base64.StdEncoding.DecodeString(stripSpace(v.(string))); err != nil {
		return invalid(key, v, pyString(clip(v.(string)))+" is not a 'base64'")
	}
	return ""
}

// stripSpace removes line breaks and blanks at the ends, which encoders add.
func stripSpace(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", "", "\r", "").Replace(s))
}

func checkCount(key string, v any, minor int) string {
	if text := checkKind("integer", "string")(key, v, minor); text != "" {
		return text
	}
	text := fmt.Sprint(v)
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return invalid(key, v, clip(pyValue(v))+" does not match '^[0-9]*$'")
	case n < 1:
		return invalid(key, v, text+" is less than the minimum of 1")
	}
	return ""
}

func count(v any, fallback int) int {
	if n, err := strconv.Atoi(fmt.Sprint(v)); err == nil {
		return n
	}
	return fallback
}

func checkBool(key string, v any, _ int) string {
	switch v := v.(type) {
	case bool:
		return ""
	case string:
		if v == "" || truth(v) || slices.Contains([]string{"false", "0", "no", "off", "n", "f"}, strings.ToLower(v)) {
			return ""
		}
	}
	return invalid(key, v, clip(pyValue(v))+" is not one of [True, 'True', 'TRUE', 'true', '1', 'ON', 'On', 'on', 'YES', 'Yes', 'yes', "+
		"False, 'False', 'FALSE', 'false', '0', 'OFF', 'Off', 'off', 'NO', 'No', 'no']")
}

func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return slices.Contains([]string{"true", "1", "yes", "on", "y", "t"}, strings.ToLower(v))
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
