package openstack

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"matou/cloud"
)

// maxValue bounds one value of a property, in bytes: metadata has 255 a value, a fault's stack
// some thousands.
const maxValue = 16 << 10

// properties makes the rows of nova show out of a server's JSON, named and worded as novaclient
// 18.1 does (_print_server and print_dict): they differ between microversions as they do there.
func properties(raw json.RawMessage, s cloud.Server) ([]cloud.Property, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	rows := map[string]string{}
	for name, value := range fields {
		switch name {
		case "links", "addresses", "OS-EXT-SRV-ATTR:user_data", "adminPass":
		case "flavor":
			flavorRows(rows, value, s.Flavor)
		case "image":
			rows[name] = named(s.Image, "Image not found", "Attempt to boot from volume - no image supplied")
		case "security_groups":
			rows[name] = groupNames(value)
		default:
			rows[name] = pythonText(value)
		}
	}
	if _, ok := fields["image"]; !ok {
		rows["image"] = named(s.Image, "", "Attempt to boot from volume - no image supplied")
	}
	for _, a := range s.Addresses {
		name := a.Network + " network"
		if rows[name] != "" {
			rows[name] += ", "
		}
		rows[name] += a.IP.String()
	}
	list := make([]cloud.Property, 0, len(rows))
	for name, value := range rows {
		list = append(list, cloud.Property{Name: cloud.Clean(name), Value: cleanLines(value)})
	}
	slices.SortFunc(list, func(a, b cloud.Property) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// flavorRows words the flavor: one row for each thing known of it since microversion 2.47, which
// embeds it, one row with name and id before.
func flavorRows(rows map[string]string, value json.RawMessage, flavor cloud.Ref) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(value, &parts) != nil {
		return
	}
	if _, embedded := parts["original_name"]; !embedded {
		rows["flavor"] = named(flavor, "Flavor not found", "")
		return
	}
	for name, part := range parts {
		rows["flavor:"+name] = pythonText(part)
	}
}

func named(r cloud.Ref, unknown, none string) string {
	if r.ID == "" {
		return none
	}
	return firstOf(r.Name, unknown) + " (" + r.ID + ")"
}

func groupNames(value json.RawMessage) string {
	var groups []struct{ Name string }
	_ = json.Unmarshal(value, &groups) // not a list: no names
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// pythonText is how Python prints a JSON value on its own: strings bare, null as the client's
// dash, True and False; lists and objects as JSON again, see [pythonJSON].
func pythonText(value json.RawMessage) string {
	value = bytes.TrimSpace(value)
	var text string
	switch {
	case len(value) == 0, string(value) == "null":
		return "-"
	case string(value) == "true":
		return "True"
	case string(value) == "false":
		return "False"
	case value[0] == '"' && json.Unmarshal(value, &text) == nil:
		return text
	case value[0] == '{' || value[0] == '[':
		return pythonJSON(value)
	}
	return string(value)
}

// pythonJSON writes value as json.dumps(ensure_ascii=False) does: a blank after each comma and
// colon, letters as they are, and the keys in the order they came in.
func pythonJSON(value json.RawMessage) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		switch char := value[i]; char {
		case ' ', '\t', '\r', '\n':
		case ',', ':':
			b.WriteByte(char)
			b.WriteByte(' ')
		case '"':
			end := stringEnd(value, i)
			b.WriteString(requote(value[i:end]))
			i = end - 1
		default:
			b.WriteByte(char)
		}
	}
	return b.String()
}

// stringEnd is where the JSON string that starts at i has ended.
func stringEnd(value []byte, i int) int {
	for i++; i < len(value) && value[i] != '"'; i++ {
		if value[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(value))
}

// requote writes a JSON string anew, without the escapes it doesn't need.
func requote(quoted []byte) string {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return string(quoted)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(text) != nil {
		return string(quoted)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// cleanLines makes a value safe to show, and keeps its line breaks, of which a table makes rows.
func cleanLines(value string) string {
	value = value[:min(len(value), maxValue)]
	lines := strings.Split(value, "\n")
	for i, l := range lines {
		lines[i] = cloud.Clean(strings.TrimSuffix(l, "\r"))
	}
	return strings.Join(lines, "\n")
}
