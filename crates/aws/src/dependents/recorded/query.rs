//! One query of what AWS Config recorded.
//!
//! A query about one group finds resources of that group, and need not say more. A query about several
//! selects the properties themselves, too: they tell which of the groups a resource has.

use std::fmt::Write as _;

use defsg_core::close::dependent::recorded::{RecordedType, is_dependent};
use defsg_core::close::dependent::{Dependent, RecordedResource};
use defsg_core::close::source::Source;
use defsg_core::ids::SecurityGroupId;

use super::RELATIONSHIPS;
use super::result::{SelectedResource, values};

/// The longest expression, in characters. Source: AWS Config API Reference, `SelectResourceConfig`.
pub(super) const MAX_EXPRESSION: usize = 4096;

/// What every query selects.
pub(super) const SELECT: &str = "SELECT resourceId, resourceName, resourceType";
pub(super) const WHERE: &str = " WHERE ";
pub(super) const OR: &str = " OR ";

/// What configurations call a group. Both are made of checked parts, and have nothing to break out of quotes.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) id: SecurityGroupId,
    pub(super) arn: String,
}

/// One condition of a query: a resource of one of these types has a group in one of these properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// None for the relationships, which resources of any type have.
    pub(super) types: Vec<&'static RecordedType>,
    pub(super) properties: Vec<&'static str>,
    /// Whether the properties hold the group's ARN, and not its ID.
    pub(super) by_arn: bool,
}

/// A query for the resources that have one of some groups in their configuration.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) parts: Vec<Part>,
    pub(super) groups: &'a [Named],
    pub(super) expression: String,
}

impl Part {
    fn name_of<'a>(&self, group: &'a Named) -> &'a str {
        if self.by_arn { &group.arn } else { group.id.as_str() }
    }

    /// The condition, as AWS Config's SQL has it.
    pub(super) fn condition(&self, groups: &[Named]) -> String {
        let names: Vec<_> = groups.iter().map(|group| self.name_of(group)).collect();
        let properties = self.properties.iter().map(|property| is_one_of(property, &names));
        let properties = properties.collect::<Vec<_>>().join(OR);
        if self.types.is_empty() {
            return properties;
        }
        let types: Vec<_> = self.types.iter().map(|kind| kind.resource_type()).collect();
        format!("({} AND ({properties}))", is_one_of("resourceType", &types))
    }

    /// What a query must select of it, beside [`SELECT`].
    pub(super) fn selection(&self, groups: &[Named]) -> String {
        let mut selection = String::new();
        if groups.len() > 1 {
            for property in &self.properties {
                let _ = write!(selection, ", {property}");
            }
        }
        selection
    }
}

/// `property = 'a'`, or `property IN ('a','b')`.
fn is_one_of(property: &str, values: &[&str]) -> String {
    match values {
        [value] => format!("{property} = '{value}'"),
        values => format!("{property} IN ('{}')", values.join("','")),
    }
}

impl<'a> Query<'a> {
    pub(super) fn new(parts: Vec<Part>, groups: &'a [Named]) -> Self {
        let selection: String = parts.iter().map(|part| part.selection(groups)).collect();
        let conditions: Vec<_> = parts.iter().map(|part| part.condition(groups)).collect();
        let expression = format!("{SELECT}{selection}{WHERE}{}", conditions.join(OR));
        Self { parts, groups, expression }
    }

    pub(super) fn each_part_alone(&self) -> impl Iterator<Item = Self> {
        self.parts.iter().map(|part| Self::new(vec![part.clone()], self.groups))
    }

    /// The sources that it asks, each once.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> {
        self.parts.iter().flat_map(Part::sources)
    }

    /// Which group each result has, and which source names it.
    ///
    /// # Errors
    /// Where there is something that was not asked for, or that names none of several groups: nobody knows
    /// what that is an answer to.
    pub(super) fn answers(
        &self,
        results: &[SelectedResource],
    ) -> Result<Vec<(SecurityGroupId, Source, Dependent)>, String> {
        let mut answers = Vec::new();
        for result in results {
            let kind = &result.resource_type;
            let parts: Vec<_> = self.parts.iter().filter(|part| part.asks_for(kind)).collect();
            let Some(source) = parts.iter().find_map(|part| part.source_of(kind)) else {
                return Err(format!("the answer has {kind}, which was not asked for"));
            };
            if !is_dependent(kind) {
                continue;
            }
            let groups = self.groups_of(result, &parts);
            if groups.is_empty() {
                let id = &result.id;
                let count = self.groups.len();
                return Err(format!(
                    "the answer does not say which of {count} groups {kind} {id} has; ask about one group alone"
                ));
            }
            answers.extend(groups.into_iter().map(|group| (group.id.clone(), source, result.dependent())));
        }
        Ok(answers)
    }

    fn groups_of(&self, result: &SelectedResource, parts: &[&Part]) -> Vec<&'a Named> {
        if let [group] = self.groups {
            return vec![group];
        }
        let has = |group: &&Named| {
            parts.iter().any(|part| {
                let name = part.name_of(group);
                part.properties.iter().any(|property| values(&result.json, property).contains(&name))
            })
        };
        self.groups.iter().filter(has).collect()
    }
}

impl Part {
    fn sources(&self) -> impl Iterator<Item = Source> {
        let relationships = self.types.is_empty().then_some(RELATIONSHIPS);
        relationships.into_iter().chain(self.types.iter().map(|kind| kind.source()))
    }

    fn asks_for(&self, resource_type: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|kind| kind.resource_type() == resource_type)
    }

    fn source_of(&self, resource_type: &str) -> Option<Source> {
        if self.types.is_empty() {
            return Some(RELATIONSHIPS);
        }
        self.types.iter().find(|kind| kind.resource_type() == resource_type).map(|kind| kind.source())
    }
}

impl SelectedResource {
    fn dependent(&self) -> Dependent {
        Dependent::Recorded(RecordedResource {
            resource_type: self.resource_type.clone(),
            id: self.id.clone(),
            name: self.name.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use defsg_core::close::dependent::recorded::TYPES;
    use serde_json::{Value, json};

    use super::super::pack;
    use super::*;

    fn groups(count: usize) -> Vec<Named> {
        let named = |number: usize| {
            let id: SecurityGroupId = format!("sg-0123456789abcdef{number:x}").parse().unwrap();
            let arn = format!("arn:aws:ec2:eu-west-1:012345678912:security-group/{id}");
            Named { id, arn }
        };
        (0..count).map(named).collect()
    }

    fn recorded_type(resource_type: &str) -> &'static RecordedType {
        TYPES.iter().find(|kind| kind.resource_type() == resource_type).unwrap()
    }

    fn query<'a>(types: &[&'static RecordedType], groups: &'a [Named]) -> Query<'a> {
        pack::types(types, groups).remove(0)
    }

    fn found(resource_type: &str, id: &str, configuration: &Value) -> SelectedResource {
        let json = json!({
            "resourceType": resource_type, "resourceId": id, "configuration": configuration,
        });
        SelectedResource::parse(&json.to_string()).unwrap()
    }

    #[test]
    fn a_query_asks_for_each_property_of_each_type() {
        let groups = groups(1);
        let query = query(
            &[recorded_type("AWS::Lambda::Function"), recorded_type("AWS::Redshift::EndpointAccess")],
            &groups,
        );
        assert_eq!(
            query.expression,
            "SELECT resourceId, resourceName, resourceType WHERE \
             (resourceType = 'AWS::Lambda::Function' AND \
             (configuration.vpcConfig.securityGroupIds = 'sg-0123456789abcdef0')) OR \
             (resourceType = 'AWS::Redshift::EndpointAccess' AND \
             (configuration.VpcSecurityGroupIds = 'sg-0123456789abcdef0' OR \
             configuration.VpcSecurityGroups.VpcSecurityGroupId = 'sg-0123456789abcdef0'))"
        );
    }

    #[test]
    fn what_names_its_groups_by_arn_is_asked_by_arn() {
        let groups = groups(1);
        let query = query(&[recorded_type("AWS::DataSync::LocationEFS")], &groups);
        assert!(query.expression.ends_with(
            "(configuration.Ec2Config.SecurityGroupArns = \
             'arn:aws:ec2:eu-west-1:012345678912:security-group/sg-0123456789abcdef0'))"
        ));
    }

    #[test]
    fn a_query_about_several_groups_selects_what_tells_them_apart() {
        let groups = groups(2);
        let types = [recorded_type("AWS::CodeBuild::Project"), recorded_type("AWS::Lambda::Function")];
        assert_eq!(
            query(&types, &groups).expression,
            "SELECT resourceId, resourceName, resourceType, configuration.vpcConfig.securityGroupIds WHERE \
             (resourceType IN ('AWS::CodeBuild::Project','AWS::Lambda::Function') AND \
             (configuration.vpcConfig.securityGroupIds IN ('sg-0123456789abcdef0','sg-0123456789abcdef1')))"
        );
    }

    #[test]
    fn what_a_query_finds_belongs_to_its_types_source_and_the_others_found_nothing() {
        let groups = groups(1);
        let (lambda, batch) =
            (recorded_type("AWS::Lambda::Function"), recorded_type("AWS::Batch::ComputeEnvironment"));
        let query = query(&[lambda, batch], &groups);
        let orders = found("AWS::Lambda::Function", "orders", &json!(null));
        let answers = query.answers(std::slice::from_ref(&orders)).unwrap();
        assert_eq!(answers, [(groups[0].id.clone(), lambda.source(), orders.dependent())]);
        assert_eq!(query.sources().collect::<Vec<_>>(), [lambda.source(), batch.source()]);
    }

    #[test]
    fn a_result_that_was_not_asked_for_spoils_the_answer() {
        let groups = groups(1);
        let query = query(&[recorded_type("AWS::Lambda::Function")], &groups);
        let other = found("AWS::Batch::ComputeEnvironment", "b", &json!(null));
        let problem =
            query.answers(&[found("AWS::Lambda::Function", "orders", &json!(null)), other]).unwrap_err();
        assert_eq!(problem, "the answer has AWS::Batch::ComputeEnvironment, which was not asked for");
    }

    #[test]
    fn a_result_belongs_to_those_of_several_groups_that_it_names() {
        let groups = groups(3);
        let (lambda, efs) =
            (recorded_type("AWS::Lambda::Function"), recorded_type("AWS::DataSync::LocationEFS"));
        let query = query(&[lambda, efs], &groups);
        let [first, _, last] = &groups[..] else { panic!("three") };
        let orders = json!({ "vpcConfig": { "securityGroupIds": ["sg-99999999", first.id, last.id] } });
        let location = json!({ "Ec2Config": { "SecurityGroupArns": [last.arn] } });
        let (orders, location) = (
            found("AWS::Lambda::Function", "orders", &orders),
            found("AWS::DataSync::LocationEFS", "loc-1", &location),
        );
        let expected = [
            (first.id.clone(), lambda.source(), orders.dependent()),
            (last.id.clone(), lambda.source(), orders.dependent()),
            (last.id.clone(), efs.source(), location.dependent()),
        ];
        assert_eq!(query.answers(&[orders, location]).unwrap(), expected);
    }

    #[test]
    fn a_result_that_names_none_of_several_groups_spoils_the_answer() {
        let groups = groups(2);
        let query = query(&[recorded_type("AWS::Lambda::Function")], &groups);
        for configuration in [
            json!(null),
            json!({ "vpcConfig": { "securityGroupIds": [] } }),
            json!({ "vpcConfig": { "securityGroupIds": ["sg-99999999"] } }),
            json!({ "SecurityGroupIds": [groups[0].id] }),
        ] {
            let orders = found("AWS::Lambda::Function", "orders", &configuration);
            let problem = query.answers(&[orders]).unwrap_err();
            assert_eq!(
                problem,
                "the answer does not say which of 2 groups AWS::Lambda::Function orders has; ask about one group alone"
            );
        }
    }

    #[test]
    fn relationships_name_their_groups_and_some_types_are_no_dependents() {
        let groups = groups(2);
        let query = pack::relationships(&groups).remove(0);
        let related = |resource_type: &str, to: &str| {
            let relationships = json!([{ "resourceId": "vpc-1" }, { "resourceId": to }]);
            let json = json!({
                "resourceType": resource_type, "resourceId": "r", "relationships": relationships,
            });
            SelectedResource::parse(&json.to_string()).unwrap()
        };
        let results = [
            related("AWS::New::Thing", groups[1].id.as_str()),
            related("AWS::EC2::Instance", groups[0].id.as_str()),
        ];
        let expected = [(groups[1].id.clone(), RELATIONSHIPS, results[0].dependent())];
        assert_eq!(query.answers(&results).unwrap(), expected);
        assert!(query.answers(&[related("AWS::New::Thing", "sg-99999999")]).is_err());
    }
}
