package fetch

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Settings is what the npm client is set up with. It holds credentials and
// prints none.
type Settings struct {
	values map[string]string // from the npm client
	files  []map[string]string
}

// String shows nothing of the settings.
func (Settings) String() string { return "npm settings" }

// GoString shows nothing of the settings.
func (Settings) GoString() string { return "npm settings" }

// Environment is where [ReadSettings] looks. Its zero value is the process's
// own environment and the installed npm.
type Environment struct {
	// Npm runs the npm client with arguments and returns its output.
	Npm func(ctx context.Context, args ...string) ([]byte, error)
	// Getenv is os.Getenv, Home the user's home folder, Dir the project's.
	Getenv    func(string) string
	Home, Dir string
	// Global are the npmrc files of the machine for the case that npm does not
	// name one; nil means the usual places.
	Global []string
}

func (e Environment) withDefaults() Environment {
	if e.Npm == nil {
		e.Npm = func(ctx context.Context, args ...string) ([]byte, error) {
			cmd := exec.CommandContext(ctx, "npm", args...) //nolint:gosec // G204: one program, and this package's own arguments
			cmd.Dir = e.Dir
			return cmd.Output()
		}
	}
	if e.Getenv == nil {
		e.Getenv = os.Getenv
	}
	if e.Global == nil {
		e.Global = []string{"/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc"}
	}
	if e.Home == "" {
		e.Home, _ = os.UserHomeDir()
	}
	return e
}

// errNoRegistry says that no setting names a registry.
var errNoRegistry = errors.New("neither the npm client nor an npmrc file names a registry")

// ReadSettings asks the npm client for its settings, and reads its files for
// what it does not tell (credentials) or when it is not installed.
func ReadSettings(ctx context.Context, env Environment) Settings {
	env = env.withDefaults()
	s := Settings{values: map[string]string{}}
	if out, err := env.Npm(ctx, "config", "list", "--long", "--json"); err == nil {
		var values map[string]any
		if json.Unmarshal(out, &values) == nil {
			for name, v := range values {
				if text, ok := v.(string); ok {
					s.values[name] = text
				}
			}
		}
	}
	for _, path := range s.paths(env) {
		if values := readRC(path, env.Getenv); values != nil {
			s.files = append(s.files, values)
		}
	}
	for _, name := range []string{"registry", "https_proxy", "proxy", "noproxy", "cafile"} {
		for _, key := range []string{"npm_config_" + name, "NPM_CONFIG_" + strings.ToUpper(name)} {
			if v := env.Getenv(key); v != "" {
				s.values[strings.ReplaceAll(name, "_", "-")] = v
			}
		}
	}
	return s
}

// paths lists npmrc files, the strongest first.
func (s Settings) paths(env Environment) []string {
	paths := []string{filepath.Join(env.Dir, ".npmrc")}
	user := s.values["userconfig"]
	if user == "" {
		user = env.Getenv("NPM_CONFIG_USERCONFIG")
	}
	if user == "" && env.Home != "" {
		user = filepath.Join(env.Home, ".npmrc")
	}
	if user != "" {
		paths = append(paths, user)
	}
	if global := s.values["globalconfig"]; global != "" {
		return append(paths, global)
	}
	return append(paths, env.Global...)
}

// readRC reads "name = value" lines; ${VAR} stands for an environment variable.
func readRC(path string, getenv func(string) string) map[string]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		values[strings.TrimSpace(name)] = expand(value, getenv)
	}
	return values
}

// expand replaces ${VAR} and leaves everything else, a lone $ too.
func expand(value string, getenv func(string) string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("${" + rest)
			return b.String()
		}
		b.WriteString(getenv(name))
		value = after
	}
}

// get returns a setting, "" when nothing sets it.
func (s Settings) get(name string) string {
	if v := s.values[name]; v != "" && v != "null" && v != "(protected)" {
		return v
	}
	for _, file := range s.files {
		if v := file[name]; v != "" {
			return v
		}
	}
	return ""
}

// registry returns the registry that serves a package. A scope may have one of
// its own.
func (s Settings) registry(pkg string) (*url.URL, error) {
	address := ""
	if scope, _, ok := strings.Cut(pkg, "/"); ok && strings.HasPrefix(scope, "@") {
		address = s.get(scope + ":registry")
	}
	if address == "" {
		address = s.get("registry")
	}
	if address == "" {
		return nil, errNoRegistry
	}
	u, err := url.Parse(strings.TrimSuffix(address, "/") + "/")
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, errors.New("the registry in the npm settings is no http address")
	}
	if u.User != nil {
		return nil, errors.New("the registry in the npm settings has a password in its address; use _authToken instead")
	}
	return u, nil
}

// authorization returns the header for a registry, "" without credentials. npm
// keeps them by host and path, so that no other host ever sees them.
func (s Settings) authorization(registry *url.URL) string {
	for path := registry.Path; ; {
		key := "//" + registry.Host + path
		if token := s.secret(key + ":_authToken"); token != "" {
			return "Bearer " + token
		}
		if basic := s.secret(key + ":_auth"); basic != "" {
			return "Basic " + basic
		}
		if user, pass := s.secret(key+":username"), s.secret(key+":_password"); user != "" && pass != "" {
			if plain, err := base64.StdEncoding.DecodeString(pass); err == nil {
				return "Basic " + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%s", user, plain))
			}
		}
		parent := strings.TrimSuffix(path, "/")
		if parent == "" {
			return ""
		}
		path = parent[:strings.LastIndexByte(parent, '/')+1]
	}
}

// secret reads from files only: the npm client does not print credentials.
func (s Settings) secret(name string) string {
	for _, file := range s.files {
		if v := file[name]; v != "" {
			return v
		}
	}
	return ""
}
