"""The same rule the usual way of AWS's rdklib: what make bench compares the evaluator with."""

from rdklib import ComplianceType, ConfigRule, Evaluation, Evaluator

RESOURCE_TYPE = "AWS::EC2::SecurityGroup"


class DefaultSecurityGroupClosed(ConfigRule):
    def evaluate_change(self, event, client_factory, configuration_item, valid_rule_parameters):
        group = configuration_item["configuration"]
        if group["groupName"] != "default":
            return [Evaluation(ComplianceType.NOT_APPLICABLE)]
        inbound, outbound = len(group["ipPermissions"]), len(group["ipPermissionsEgress"])
        if inbound or outbound:
            annotation = f"Open: {inbound} inbound, {outbound} outbound."
            return [Evaluation(ComplianceType.NON_COMPLIANT, annotation=annotation)]
        return [Evaluation(ComplianceType.COMPLIANT)]

    # As the evaluator where the rule and the function share an account; rdklib would first assume a role.
    def get_assume_role_mode(self, event):
        return False


def lambda_handler(event, context):
    return Evaluator(DefaultSecurityGroupClosed(), [RESOURCE_TYPE]).handle(event, context)
