# shellcheck shell=bash disable=SC2154 # run sets output and status
# What tests of ci/mutants/run and ci/hazards/run share: fake boots and their end.

# result VERDICT LAYER REASON - what a runner leaves in result.json
result()
{
	jq -n --arg v "$1" --arg l "$2" --arg r "$3" \
		'{ verdict: $v, layer: $l, reason: $r }'
}

# ends_with CODE COMMAND... - run it; it must end with CODE
ends_with()
{
	local want=$1

	shift
	run "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}
