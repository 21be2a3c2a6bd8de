// Package segment keeps what has left the store of the record: sealed files beside it, one a
// month, which jitbot never changes and never removes. Each is the lines of
// `jitbot audit export`, compressed (https://www.rfc-editor.org/rfc/rfc8878), so that zstd
// and any editor read it. The chain of hashes goes on from one to the next and into the
// store, and the store knows the SHA-256 of each file.
//
// It imports jit, jit/record, store and a compressor.
package segment
