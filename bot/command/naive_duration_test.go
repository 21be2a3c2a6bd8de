package command_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	naiveAtoms = regexp.MustCompile(`[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+|[½¼¾]|\pL[\pL\pM]*|\S`)
	naiveUnits = map[float64]string{
		86400: " d day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dagar день дня дней 日間 天 ",
		3600: " h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren timme timmar timer godz godzina godziny " +
			"godzin hodina hodiny hodin tunti tuntia saat ч час часа часов година години годин 時間 小时 小時 个小时 個小時 시간 ",
		60: " m min mins mn minute minutes minuten minuto minutos minuti minuut minuter minutter minuta minuty minut minutit minuuttia " +
			"dakika мин минута минуту минуты минут хвилина хвилину хвилини хвилин 分 分間 分钟 分鐘 분 ",
		1: " s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos secondo secondi seconden sekunder sekund " +
			"секунд секунды 秒 秒間 초 ",
	}
	naiveNumbers = []string{
		"", "one ein eine einer einen un une una uno uma een één одна один a an", "two zwei deux dos due dois duas twee два две 两 二",
		"three drei trois tres tre três drie три 三", "four vier quatre cuatro quattro quatro четыре 四", "five fünf fuenf cinq cinco cinque vijf пять 五",
		"six sechs sei zes шесть 六", "seven sieben sept siete sette zeven 七", "eight acht huit ocho otto oito 八",
		"nine neun neuf nueve nove negen 九", "ten zehn dix diez dieci dez tien 十", "eleven elf onze", "twelve zwölf zwoelf douze doce dodici doze twaalf",
		"", "", "fifteen fünfzehn quinze quince", "", "", "", "", "twenty zwanzig vingt veinte", "", "", "", "", "", "", "", "", "",
		"thirty dreißig trente treinta trenta",
	}
	naiveMore = map[string]float64{
		"forty": 40, "fortyfive": 45, "fifty": 50, "sixty": 60, "ninety": 90,
		"anderthalb": 1.5, "eineinhalb": 1.5, "anderhalf": 1.5, "zweieinhalb": 2.5,
	}
	naiveHalf  = []string{"half", "halbe", "halben", "media", "meia", "mezza", "demi", "demie", "halve"}
	naiveWhole = map[string]float64{
		"半小时": 1800, "半小時": 1800, "半个小时": 1800, "半時間": 1800, "一小时": 3600, "一小時": 3600, "两小时": 7200, "mezzora": 1800, "полчаса": 1800,
	}
)

func naiveUnit(word string) float64 {
	for size, words := range naiveUnits {
		if word != "" && strings.Contains(words, " "+word+" ") {
			return size
		}
	}
	return 0
}

func naiveNumber(word string) (float64, bool) {
	for n, words := range naiveNumbers {
		if slices.Contains(strings.Fields(words), word) {
			return float64(n), true
		}
	}
	if n, ok := map[string]float64{"½": .5, "¼": .25, "¾": .75}[word]; ok {
		return n, true
	}
	if n, ok := naiveMore[word]; ok {
		return n, true
	}
	n, err := strconv.ParseFloat(strings.Replace(word, ",", ".", 1), 64)
	return n, err == nil && strings.ContainsAny(word[:1], ".,0123456789")
}

// naiveSeconds reads a text that is a duration and nothing else; 0 when it is none.
func naiveSeconds(s string) (total float64) {
	s = strings.NewReplacer("'", "", "’", "").Replace(s)
	if n, ok := naiveWhole[strings.TrimRight(s, ".")]; ok {
		return n
	}
	atoms := naiveAtoms.FindAllString(s, -1)
	number, unit, have := 0.0, 0.0, false
	for i, a := range atoms {
		next := ""
		if i+1 < len(atoms) {
			next = atoms[i+1]
		}
		n, isNumber := naiveNumber(a)
		switch size := naiveUnit(a); {
		case size > 0 && have:
			total, unit, number, have = total+number*size, size, 0, false
		case slices.Contains(naiveHalf, a) && naiveUnit(next) == 0 && next != "a" && next != "an" && next != "-" && unit > 0:
			total += unit / 2
		case slices.Contains(naiveHalf, a) && i > 0 && isNaiveHalf(atoms[i-1]):
			return 0
		case slices.Contains(naiveHalf, a) && number > 1:
			number += .5
		case slices.Contains(naiveHalf, a):
			if number = .5; have && naiveAnd(atoms[:i]) {
				number = 1.5
			}
			have = true
		case a == "quarter" && unit > 0 && number <= 1 && naiveUnit(next) == 0 && next != "of":
			total, number, have = total+unit/4, 0, false
		case a == "quarter" || a == "quarters":
			number, have = max(number, 1)/4, true
		case isNumber && unit == 3600 && next == "" && len(a) == 2 && strings.HasSuffix(s, a) && !strings.HasSuffix(s, " "+a):
			total += 60 * n
		case isNumber && strings.ContainsAny(a, "½¼¾") && (!have || strings.ContainsAny(atoms[i-1], "0123456789")):
			number, have = number+n, true
		case (a == "a" || a == "an") && slices.Contains([]string{"second", "s", "m", "h", "d"}, next) &&
			(i == 0 || atoms[i-1] != "of" && !isNaiveHalf(atoms[i-1])):
			return 0 // a second look
		case (a == "a" || a == "an") && i > 0 && (isNaiveHalf(atoms[i-1]) || naiveAnd(atoms[:i]) ||
			slices.Contains([]string{"quarter", "quarters", "of"}, atoms[i-1])):
		case isNumber && !have:
			number, have = n, true
		case a == "of" && i > 0 && slices.Contains([]string{"quarter", "quarters"}, atoms[i-1]):
		case slices.Contains([]string{"and", "und", "et", "y", "e", "en", "&", "+"}, a) && i > 0 && (unit > 0 || slices.ContainsFunc(atoms[i:], isNaiveHalf)):
		case a == "-" && (len([]rune(next)) >= 3 || i > 0 && isNaiveHalf(atoms[i-1])):
		default:
			return 0
		}
	}
	if have {
		return 0
	}
	return total
}

// naiveAnd reports whether the words end with and, or and a.
func naiveAnd(words []string) bool {
	if n := len(words); n > 1 && (words[n-1] == "a" || words[n-1] == "an") {
		words = words[:n-1]
	}
	return len(words) > 0 && slices.Contains([]string{"and", "und", "et", "y", "e", "en", "&", "+"}, words[len(words)-1])
}

func isNaiveHalf(word string) bool { return slices.Contains(naiveHalf, word) }
