#!/bin/sh
# A bootstrap for the rdklib rule: AWS's Python runtime client from the project's virtual environment.
cd "$(dirname "$0")" || exit 1
exec "${DEFSG_VENV:-../../.venv}/bin/python" -m awslambdaric rdklib_rule.lambda_handler
