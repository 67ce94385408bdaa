package puppet

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
)

// concatPath is the file a concat_file makes.
func concatPath(r *Resource) string { return path.Clean(r.titled("path")) }

// applyConcat makes a file of the fragments that name it as their target, in their order.
func applyConcat(ctx context.Context, a *apply, r *Resource) ([]change, error) {
	var parts []*Resource
	for _, f := range a.cat.Resources {
		if f.Type == "Concat_fragment" && (f.text("target") == r.Title || f.text("target") == concatPath(r)) {
			parts = append(parts, f)
		}
	}
	numeric := r.text("order") == "numeric"
	slices.SortStableFunc(parts, func(x, y *Resource) int { return compareOrder(x, y, numeric) })
	var b strings.Builder
	for _, f := range parts {
		content, _, err := fileContent(a, f)
		if err != nil {
			return nil, err
		}
		b.Write(content)
		if r.flag("ensure_newline") && len(content) > 0 && content[len(content)-1] != '\n' {
			b.WriteByte('\n')
		}
		if b.Len() > maxText {
			break
		}
	}
	file := &Resource{Type: "File", Title: concatPath(r), Params: map[string]any{"ensure": "file", "content": b.String()}, container: r.container, pos: r.pos}
	for _, p := range []string{"owner", "group", "mode", "backup", "replace", "show_diff", "force", "validate_cmd"} {
		if v, ok := r.Params[p]; ok {
			file.Params[p] = v
		}
	}
	if r.text("ensure") == "absent" {
		file.Params["ensure"] = "absent"
	}
	return applyFile(ctx, a, file)
}

func compareOrder(x, y *Resource, numeric bool) int {
	a, b := x.text("order"), y.text("order")
	if numeric {
		n, err1 := strconv.Atoi(a)
		m, err2 := strconv.Atoi(b)
		if err1 == nil && err2 == nil && n != m {
			return n - m
		}
	}
	return strings.Compare(a+"___"+x.Title, b+"___"+y.Title)
}
