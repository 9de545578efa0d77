// solhint runs with --max-warnings 0, so every rule is a gate. A rule is off only with its reason beside it.
module.exports = {
  extends: "solhint:recommended",
  rules: {
    "compiler-version": ["error", "0.8.37"],
    "func-visibility": ["error", { ignoreConstructors: true }],
    "function-max-lines": ["error", 70],
    "code-complexity": ["error", 12],
    "no-unused-private-funcs": "error",
    "use-natspec": "off", // interfaces hold the words; a tag per parameter would repeat names that say it already
    "gas-indexed-events": "off", // ids and actors are indexed, amounts are not searched for
    "gas-strict-inequalities": "off", // bounds read as the rule states them; the compiler makes the same code
    "gas-struct-packing": "off", // counts array and enum members wrongly; storage layouts carry slot comments
  },
};
