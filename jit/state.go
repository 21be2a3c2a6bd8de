package jit

// State is where a grant is in its life.
type State string

// The states of a grant:
//
//	asked -> pending -> opening -> open -> closing -> closed
//	   \        \ denied, lapsed, cancelled
//	    refused                    opening -> closing when it failed or was revoked
const (
	Asked     State = "asked"
	Refused   State = "refused"
	Pending   State = "pending"
	Denied    State = "denied"
	Lapsed    State = "lapsed"
	Cancelled State = "cancelled"
	Opening   State = "opening"
	Open      State = "open"
	Closing   State = "closing"
	Closed    State = "closed"
)

// States lists every state, in the order of a life.
func States() []State {
	return []State{Asked, Refused, Pending, Denied, Lapsed, Cancelled, Opening, Open, Closing, Closed}
}

// Ended reports whether nothing more happens to a grant in this state.
func (s State) Ended() bool {
	switch s {
	case Refused, Denied, Lapsed, Cancelled, Closed:
		return true
	default:
		return false
	}
}

// Live reports whether rules of a grant in this state may exist.
func (s State) Live() bool { return s == Opening || s == Open || s == Closing }

// Ending is why a grant is closing.
type Ending string

// The endings of a grant.
const (
	Expired    Ending = "expired"     // its time was over
	Finished   Ending = "done"        // the holder ended it
	Revoked    Ending = "revoked"     // an approver, an admin or the host ended it
	Failed     Ending = "failed"      // it was not confirmed in time, or Azure refused
	RightsLost Ending = "rights lost" // the holder may no longer have it
	Vanished   Ending = "vm gone"     // a VM of it was deleted, or lost its network security groups
	Drifted    Ending = "drifted"     // somebody changed its rule and the policy says end
)
