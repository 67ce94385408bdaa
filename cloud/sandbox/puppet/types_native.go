package puppet

import (
	"fmt"
	"slices"
	"strings"
)

// native are the types the sandbox applies, by their lower-case names.
var native = map[string]*nativeType{
	"notify": {params: []string{"message", "name", "withpath"}, apply: applyNotify},
	"anchor": {params: []string{"name"}},
	"package": {
		params: []string{
			"adminfile", "allow_virtual", "allowcdrom", "category", "configfiles", "description", "ensure", "flavor", "install_options",
			"instance", "mark", "name", "package_settings", "platform", "provider", "reinstall_on_refresh", "responsefile", "root", "source",
			"status", "uninstall_options", "vendor",
		},
		apply: applyPackage,
	},
	"service": {
		params: []string{
			"binary", "control", "enable", "ensure", "flags", "hasrestart", "hasstatus", "manifest", "name", "path", "pattern", "provider",
			"restart", "start", "status", "stop", "timeout",
		},
		values: map[string][]string{
			"ensure": {"stopped", "false", "running", "true"}, "enable": {"true", "false", "manual", "mask", "delayed"},
		},
		apply: applyService, refresh: refreshService,
	},
	"file": {
		params: []string{
			"backup", "checksum", "checksum_value", "content", "ctime", "ensure", "force", "group", "ignore", "links", "max_files", "mode",
			"mtime", "owner", "path", "provider", "purge", "recurse", "recurselimit", "replace", "selinux_ignore_defaults", "show_diff",
			"source", "source_permissions", "sourceselect", "staging_location", "target", "type", "validate_cmd", "validate_replacement",
		},
		check: checkFile, apply: applyFile,
	},
	"cron": {
		params: []string{
			"command", "ensure", "environment", "hour", "minute", "month", "monthday", "name", "provider", "special", "target", "user", "weekday",
		},
		values: map[string][]string{"ensure": {"present", "absent"}},
		apply:  applyCron,
	},
	"exec": {
		params: []string{
			"command", "creates", "cwd", "environment", "group", "logoutput", "name", "onlyif", "path", "provider", "refresh", "refreshonly",
			"returns", "timeout", "tries", "try_sleep", "umask", "unless", "user",
		},
		check: checkExec, apply: applyExec, refresh: refreshExec,
	},
	"vcsrepo": {
		params: []string{
			"basic_auth_password", "basic_auth_username", "branch", "compression", "conflict", "cvs_rsh", "depth", "ensure", "excludes",
			"force", "group", "http_proxy", "identity", "includes", "keep_local_changes", "mirror", "module", "owner", "p4config", "path",
			"provider", "remote", "revision", "safe_directory", "skip_hooks", "source", "submodules", "trust_server_cert", "umask", "user",
		},
		values: map[string][]string{"ensure": {"present", "bare", "mirror", "absent", "latest"}},
		apply:  applyVcsrepo,
	},
	"ini_setting": {
		params: []string{
			"delete_if_empty", "ensure", "force_new_section_creation", "indent_char", "indent_width", "key_val_separator", "name", "path", "refreshonly",
			"section", "section_prefix", "section_suffix", "setting", "show_diff", "value",
		},
		apply: applyIniSetting,
	},
	"file_line": {
		params: []string{
			"after", "append_on_no_match", "encoding", "ensure", "line", "match", "match_for_absence", "multiple", "name", "path", "replace",
			"replace_all_matches_not_matching_line",
		},
		apply: applyFileLine,
	},
	"host": {
		params: []string{"comment", "ensure", "host_aliases", "ip", "name", "provider", "target"},
		apply:  applyHost,
	},
	"user": {
		params: []string{
			"allowdupe", "comment", "ensure", "expiry", "forcelocal", "gid", "groups", "home", "managehome", "membership", "name", "password",
			"password_max_age", "password_min_age", "provider", "purge_ssh_keys", "shell", "system", "uid",
		},
		values: map[string][]string{"ensure": {"present", "absent", "role"}},
		apply:  applyUser,
	},
	"group": {
		params: []string{"allowdupe", "ensure", "forcelocal", "gid", "members", "name", "provider", "system"},
		values: map[string][]string{"ensure": {"present", "absent"}},
		apply:  applyGroup,
	},
	"concat_file": {
		params: []string{
			"backup", "create_empty_file", "ensure", "ensure_newline", "force", "format", "group", "mode", "name", "order", "owner", "path",
			"replace", "selrange", "selrole", "seltype", "seluser", "show_diff", "tag", "validate_cmd",
		},
		check: checkFile, apply: applyConcat,
	},
	"concat_fragment": {params: []string{"content", "name", "order", "source", "tag", "target"}},
}

// validate checks the values of all native resources, as the agent does before it applies any;
// the answer is the first mistake.
func (c *Catalog) validate() string {
	for _, r := range c.Resources {
		t := native[strings.ToLower(r.Type)]
		if r.isContainer() || t == nil {
			continue
		}
		for _, name := range r.Order {
			allowed := t.values[name]
			v, set := r.Params[name]
			if !set || len(allowed) == 0 || slices.Contains(allowed, render(v)) {
				continue
			}
			shown := slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return name == "ensure" && (s == "true" || s == "false") })
			return fmt.Sprintf("Parameter %s failed on %s: Invalid value %s. Valid values are %s. (file: %s, line: %d)",
				name, r.Ref(), quoteRuby(v), strings.Join(shown, ", "), r.pos.file, r.pos.line)
		}
		if t.check != nil {
			if bad := t.check(r); bad != "" {
				return fmt.Sprintf("%s (file: %s, line: %d)", bad, r.pos.file, r.pos.line)
			}
		}
	}
	return ""
}

// quoteRuby shows a value as Ruby's inspect does.
func quoteRuby(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return render(v)
}

// keepExports notes what this node exports.
func (c *Catalog) keepExports(node string) {
	for _, r := range c.Resources {
		if !r.exported || r.imported {
			continue
		}
		e := Exported{Node: node, Type: r.Type, Title: r.Title, Params: map[string]any{}, Tags: r.Tags, File: r.pos.file, Line: r.pos.line}
		for name, v := range r.Params {
			e.Params[name] = plain(v)
		}
		c.exported = append(c.exported, e)
	}
}

// titled is a parameter that defaults to the resource's title.
func (r *Resource) titled(name string) string {
	if s := r.text(name); s != "" {
		return s
	}
	return r.Title
}
