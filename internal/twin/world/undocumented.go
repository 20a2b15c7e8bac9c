package world

// Undocumented marks a refusal behind which no AWS page stands, only our
// reading: Rule names it (docs/fidelity.md). It warns where a documented
// refusal blocks.
type Undocumented struct {
	Rule string // "R6.1"
	Err  error  // as AWS would give it
}

func (u *Undocumented) Error() string { return u.Err.Error() }

// Unwrap is the error that the client gets.
func (u *Undocumented) Unwrap() error { return u.Err }
