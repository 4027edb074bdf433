//! As few queries as the longest expression allows.

use std::collections::BTreeMap;

use defsg_core::close::dependent::recorded::RecordedType;

use super::query::{MAX_EXPRESSION, Named, OR, Part, Query, SELECT, WHERE};

/// The queries for resources of any type that AWS Config relates to one of the groups.
pub(super) fn relationships(groups: &[Named]) -> Vec<Query<'_>> {
    let part = Part { types: Vec::new(), properties: vec!["relationships.resourceId"], by_arn: false };
    fewest(&[part], groups)
}

/// The queries for resources of these types that have one of the groups in their configuration.
pub(super) fn types<'a>(types: &[&'static RecordedType], groups: &'a [Named]) -> Vec<Query<'a>> {
    if groups.len() == 1 { fewest(&by_type(types), groups) } else { fewest(&by_property(types), groups) }
}

/// One part a type.
fn by_type(types: &[&'static RecordedType]) -> Vec<Part> {
    let part = |recorded: &&'static RecordedType| Part {
        types: vec![*recorded],
        properties: recorded.properties.to_vec(),
        by_arn: recorded.by_arn,
    };
    types.iter().map(part).collect()
}

/// One part a property, for all types that have it: its list of groups is long, and stands once.
fn by_property(types: &[&'static RecordedType]) -> Vec<Part> {
    let mut properties: BTreeMap<(&'static str, bool), Vec<&'static RecordedType>> = BTreeMap::new();
    for recorded in types {
        for property in recorded.properties {
            properties.entry((property, recorded.by_arn)).or_default().push(recorded);
        }
    }
    let part = |((property, by_arn), types)| Part { types, properties: vec![property], by_arn };
    properties.into_iter().map(part).collect()
}

/// The groups cut into as many equal pieces as makes the fewest queries: with few groups in a query it has
/// room for many parts, and with many groups for few.
fn fewest<'a>(parts: &[Part], groups: &'a [Named]) -> Vec<Query<'a>> {
    let mut best: Option<(usize, usize, Vec<Vec<Part>>)> = None;
    for pieces in 1..=groups.len() {
        if best.as_ref().is_some_and(|(count, ..)| pieces > *count) {
            break;
        }
        let size = groups.len().div_ceil(pieces);
        // The first piece is as large as any, and no ID is longer than these.
        let Some(packed) = packed(parts, groups.get(..size).unwrap_or(groups)) else { continue };
        let count = packed.len() * groups.len().div_ceil(size);
        if best.as_ref().is_none_or(|(fewest, ..)| count < *fewest) {
            best = Some((count, size, packed));
        }
    }
    let Some((_, size, packed)) = best else { return Vec::new() };
    let pieces = groups.chunks(size);
    pieces.flat_map(|groups| packed.iter().map(move |parts| Query::new(parts.clone(), groups))).collect()
}

/// The parts in as few queries as the first that has room for each makes; none where one has no room even
/// alone.
fn packed(parts: &[Part], groups: &[Named]) -> Option<Vec<Vec<Part>>> {
    const ROOM: usize = MAX_EXPRESSION - SELECT.len() - WHERE.len();
    let mut queries: Vec<(usize, Vec<Part>)> = Vec::new();
    for part in parts {
        let length = part.condition(groups).len() + part.selection(groups).len();
        if length > ROOM {
            return None;
        }
        match queries.iter_mut().find(|(used, _)| used + OR.len() + length <= ROOM) {
            Some((used, parts)) => {
                *used += OR.len() + length;
                parts.push(part.clone());
            }
            None => queries.push((length, vec![part.clone()])),
        }
    }
    Some(queries.into_iter().map(|(_, parts)| parts).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use defsg_core::close::dependent::recorded::TYPES;
    use defsg_core::ids::SecurityGroupId;

    use super::*;

    fn groups(count: usize) -> Vec<Named> {
        let named = |number: usize| {
            let id: SecurityGroupId = format!("sg-0123456789abcd{number:03x}").parse().unwrap();
            let arn = format!("arn:aws-us-gov:ec2:us-gov-west-1:012345678912:security-group/{id}");
            Named { id, arn }
        };
        (0..count).map(named).collect()
    }

    fn all() -> Vec<&'static RecordedType> {
        TYPES.iter().collect()
    }

    #[test]
    fn every_type_is_asked_for_once_in_few_queries_that_config_takes() {
        let groups = groups(1);
        let queries = types(&all(), &groups);
        let asked: BTreeSet<_> =
            queries.iter().flat_map(|query| &query.parts).flat_map(|part| &part.types).collect();
        let parts: usize = queries.iter().map(|query| query.parts.len()).sum();
        assert_eq!((asked.len(), parts), (TYPES.len(), TYPES.len()));
        assert!(queries.iter().all(|query| query.expression.len() <= MAX_EXPRESSION));
        assert!(queries.len() <= 3, "{}", queries.len());
    }

    #[test]
    fn no_type_makes_no_query() {
        for count in [1, 2] {
            assert!(types(&[], &groups(count)).is_empty());
        }
        assert!(types(&all(), &[]).is_empty());
        assert!(relationships(&[]).is_empty());
    }

    #[test]
    fn every_property_is_asked_for_every_group_once_in_queries_that_config_takes() {
        for count in [2, 3, 7, 20, 64, 200] {
            let groups = groups(count);
            let queries = types(&all(), &groups);
            let mut asked = BTreeSet::new();
            for query in &queries {
                assert!(query.expression.len() <= MAX_EXPRESSION, "{}", query.expression.len());
                for part in &query.parts {
                    for (recorded, group) in part
                        .types
                        .iter()
                        .flat_map(|recorded| query.groups.iter().map(move |group| (recorded, group)))
                    {
                        for property in &part.properties {
                            let name = if recorded.by_arn { &group.arn } else { group.id.as_str() };
                            assert!(query.expression.contains(name));
                            assert!(
                                asked.insert((recorded.resource_type(), *property, &group.id)),
                                "asked twice"
                            );
                        }
                    }
                }
            }
            let properties: usize = TYPES.iter().map(|recorded| recorded.properties.len()).sum();
            assert_eq!(asked.len(), properties * count);
        }
    }

    /// The characters that the IDs and ARNs alone take, each in quotes and with a comma, bound the number of
    /// queries from below.
    #[test]
    fn queries_about_many_groups_are_near_the_fewest_that_the_limit_allows() {
        for count in [20, 64, 200] {
            let groups = groups(count);
            let parts = by_property(&all());
            let names: usize = parts
                .iter()
                .flat_map(|part| {
                    groups
                        .iter()
                        .map(move |group| if part.by_arn { group.arn.len() } else { group.id.as_str().len() })
                })
                .map(|name| name + 3)
                .sum();
            let fewest = names.div_ceil(MAX_EXPRESSION);
            let queries = types(&all(), &groups).len();
            assert!(queries <= fewest * 3 / 2, "{count} groups: {queries} queries, and at least {fewest}");
        }
        // 24 characters an ID: up to 168 groups fit into one query.
        assert_eq!([1, 168, 200].map(|count| relationships(&groups(count)).len()), [1, 1, 2]);
    }
}
