package bolt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
)

// A stored record is
//
//	version (1 byte) | CRC-32C (4 bytes, big endian) | value
//
// The checksum covers the bucket, the key, the version and the value, so that
// a record found under a key that is not its own is damage too.
const (
	recordJSON = 1 // the value is JSON
	recordHead = 5
)

// checksum is the CRC-32C of a record without its own four bytes.
func checksum(bucket string, key []byte, version byte, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	var lengths [9]byte
	binary.BigEndian.PutUint32(lengths[0:], uint32(len(bucket)))
	binary.BigEndian.PutUint32(lengths[4:], uint32(len(key)))
	lengths[8] = version
	sum := crc32.Update(0, table, lengths[:])
	sum = crc32.Update(sum, table, []byte(bucket))
	sum = crc32.Update(sum, table, key)
	return crc32.Update(sum, table, value)
}

// seal encodes v in the newest record version.
func seal(bucket string, key []byte, v any) ([]byte, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out := make([]byte, recordHead, recordHead+len(value))
	out[0] = recordJSON
	binary.BigEndian.PutUint32(out[1:], checksum(bucket, key, recordJSON, value))
	return append(out, value...), nil
}

// unseal decodes a record of any version into v; ErrCorrupt names the record.
// The reader of a version stays here for ever: stores outlive programs.
func unseal(bucket string, key, raw []byte, v any) error {
	if len(raw) < recordHead {
		return damaged(bucket, key, "too short")
	}
	version, value := raw[0], raw[recordHead:]
	if binary.BigEndian.Uint32(raw[1:]) != checksum(bucket, key, version, value) {
		return damaged(bucket, key, "checksum differs")
	}
	var err error
	switch version {
	case recordJSON:
		err = json.Unmarshal(value, v)
	default:
		err = errors.New("unknown record version")
	}
	if err != nil {
		return damaged(bucket, key, err)
	}
	return nil
}

// stamp is the value of an index entry: the checksum of its key.
func stamp(bucket string, key []byte) []byte {
	return binary.BigEndian.AppendUint32(nil, checksum(bucket, key, 0, nil))
}

// stamped checks an index entry; ErrCorrupt names it.
func stamped(bucket string, key, value []byte) error {
	if len(value) != 4 || binary.BigEndian.Uint32(value) != checksum(bucket, key, 0, nil) {
		return damaged(bucket, key, "checksum differs")
	}
	return nil
}
