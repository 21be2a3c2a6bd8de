package config

// ReadTokensOn is ReadTokens where readOnly tells which files lie on a disk that is
// mounted read-only.
func ReadTokensOn(env func(string) string, readOnly func(string) bool) (Tokens, error) {
	return readTokens(env, readOnly)
}

// ReadOnlyMount is what ReadTokens asks.
func ReadOnlyMount(file string) bool { return readOnlyMount(file) }
